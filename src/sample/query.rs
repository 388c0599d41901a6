//! The SQL that reads rows by sets of keys.

use futures_util::stream::{self, Stream, TryStreamExt};
use std::pin::Pin;
use std::sync::Arc;

use tokio_postgres::RowStream;
use tokio_postgres::types::{ToSql, Type};

use super::error::{Result, SampleError};
use super::graph::{Compare, Table, Term};
use super::key_set::{Array, Kind, Value};
use super::pool::{Lease, Pool, failed};
use crate::pg::{identifier, literal};

/// A query for rows of one table.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    /// Its text; it selects the table's slots.
    pub sql: String,
    /// Its array parameters.
    pub parameters: Vec<Array>,
    /// Whether an index leads to its rows.
    pub by_index: bool,
}

/// Of the rows found, only the newest for each tuple.
pub(super) struct Newest<'a> {
    pub rows: u64,
    pub by: &'a str,
    pub among: &'a [Term],
}

/// Selects rows of a relation that has a table's columns, with `conditions`.
pub(super) fn select(table: &Table, relation: &str, conditions: &[String], newest: Option<&Newest<'_>>) -> String {
    let alone: Vec<&str> = table.slots.iter().map(|slot| slot.sql.as_str()).collect();
    let condition = if conditions.is_empty() { "true".to_owned() } else { conditions.join(" AND ") };
    let Some(newest) = newest else {
        return format!("SELECT {} FROM {relation} AS t WHERE {condition}", alone.join(", "));
    };
    let named: Vec<String> = alone.iter().enumerate().map(|(at, sql)| format!("{sql} AS c{at}")).collect();
    let names: Vec<String> = (0..alone.len()).map(|at| format!("r.c{at}")).collect();
    let among: Vec<&str> = newest.among.iter().map(|term| term.sql.as_str()).collect();
    format!(
        "SELECT {} FROM (SELECT {}, pg_catalog.row_number() OVER (PARTITION BY {} ORDER BY t.{} DESC NULLS LAST, {}) AS place \
         FROM {relation} AS t WHERE {condition}) AS r WHERE r.place <= {}",
        names.join(", "),
        named.join(", "),
        among.join(", "),
        identifier(newest.by),
        table.identity.order(),
        newest.rows
    )
}

/// The condition that a row's terms are one of many tuples, given as one array for each term (`bigint[]` or
/// `text[]`, in SQL). With `few` it leads over an index; else each row is looked up in a hash table.
pub(super) fn among(terms: &[Term], arrays: &[String], few: bool) -> String {
    if let ([term], [array], true) = (terms, arrays, few)
        && !matches!(term.compare, Compare::Native { array: true, .. })
    {
        let sql = &term.sql;
        return match &term.compare {
            Compare::Int(name) => format!("{sql} OPERATOR(pg_catalog.=) ANY ({array}::pg_catalog.{name}[])"),
            Compare::Native { operator, cast, .. } => format!("{sql} {operator} ANY ({array}::{cast}[])"),
            Compare::Text => format!("({sql})::pg_catalog.text OPERATOR(pg_catalog.=) ANY ({array})"),
        };
    }
    // Names that no column has: an expression of the configuration stands in the same scope.
    let key = |at: usize| identifier(&format!("devdb key {at}"));
    let mut unnest = Vec::new();
    let (mut raw, mut cast, mut equal) = (Vec::new(), Vec::new(), Vec::new());
    for (at, (term, array)) in terms.iter().zip(arrays).enumerate() {
        unnest.push(format!("pg_catalog.unnest({array})"));
        raw.push(key(at));
        let (sql, value) = (&term.sql, format!("u.{}", key(at)));
        let (value, is_equal) = match &term.compare {
            Compare::Int(name) => (format!("{value}::pg_catalog.{name}"), format!("{sql} OPERATOR(pg_catalog.=)")),
            Compare::Native { operator, cast, .. } => (format!("{value}::{cast}"), format!("{sql} {operator}")),
            Compare::Text => (value, format!("({sql})::pg_catalog.text OPERATOR(pg_catalog.=)")),
        };
        cast.push(format!("{value} AS {}", key(at)));
        equal.push(format!("{is_equal} v.{}", key(at)));
    }
    format!(
        "EXISTS (SELECT FROM (SELECT {} FROM ROWS FROM ({}) AS u ({})) AS v WHERE {})",
        cast.join(", "),
        unnest.join(", "),
        raw.join(", "),
        equal.join(" AND ")
    )
}

/// One key of so many in a stretch of them is worth reading the stretch: finding a row by its key costs so many
/// times what passing by one does.
const DENSE: i64 = 12;

/// The condition for tuples, in their order, that lie close together in their first term, an integer: a stretch of
/// an index, whose other rows are passed by. None where they do not.
pub(super) fn dense(terms: &[Term], arrays: &[Array]) -> Option<String> {
    let (first, Array::Ints(values)) = (terms.first()?, arrays.first()?) else { return None };
    let Compare::Int(_) = first.compare else { return None };
    let (least, most) = (*values.first()?, *values.last()?);
    let distinct = 1 + values.windows(2).filter(|pair| pair[0] != pair[1]).count();
    let is_dense = most.checked_sub(least)? / DENSE < i64::try_from(distinct).ok()?;
    // What stands behind a sum leads over no index.
    let fence = |term: &Term| match &term.compare {
        Compare::Int(name) => {
            Term { sql: format!("({} OPERATOR(pg_catalog.+) 0::pg_catalog.{name})", term.sql), ..term.clone() }
        }
        _ => term.clone(),
    };
    let fenced: Vec<Term> = terms.iter().map(fence).collect();
    is_dense.then(|| {
        let (sql, among) = (&first.sql, among(&fenced, &literals(arrays), true));
        format!("{sql} OPERATOR(pg_catalog.>=) {least} AND {sql} OPERATOR(pg_catalog.<=) {most} AND {among}")
    })
}

/// Arrays as parameters.
pub(super) fn places(arrays: &[Array]) -> Vec<String> {
    let place = |(at, array): (usize, &Array)| match array {
        Array::Ints(_) => format!("${}::pg_catalog.int8[]", at + 1),
        Array::Texts(_) => format!("${}::pg_catalog.text[]", at + 1),
    };
    arrays.iter().enumerate().map(place).collect()
}

/// Arrays as literals, for COPY, which takes no parameters.
pub(super) fn literals(arrays: &[Array]) -> Vec<String> {
    let quote = |text: &String| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let write = |array: &Array| match array {
        Array::Ints(all) => {
            let all: Vec<String> = all.iter().map(i64::to_string).collect();
            format!("'{{{}}}'::pg_catalog.int8[]", all.join(","))
        }
        Array::Texts(all) => {
            let all: Vec<String> = all.iter().map(quote).collect();
            format!("{}::pg_catalog.text[]", literal(&format!("{{{}}}", all.join(","))))
        }
    };
    arrays.iter().map(write).collect()
}

/// Some rows, each with the values of its table's slots.
pub(super) type Batch = Vec<Vec<Value>>;

/// Rows that are handed on at a time.
const BATCH: usize = 1024;

/// Runs a query; gives its rows in batches. Dropping it cancels the query.
pub(super) fn read(pool: Arc<Pool>, kinds: Vec<Kind>, ask: Ask) -> Pin<Box<dyn Stream<Item = Result<Batch>> + Send>> {
    let begun = async move {
        let mut lease = pool.take().await?;
        lease.by_index(ask.by_index).await?;
        let parameters: Vec<(Box<dyn ToSql + Sync + Send>, Type)> = ask.parameters.into_iter().map(parameter).collect();
        let rows = lease.begin()?.client().query_typed_raw(&ask.sql, parameters).await.map_err(failed(&ask.sql))?;
        let state = Some((lease, Box::pin(rows), kinds, ask.sql));
        Ok::<_, SampleError>(stream::try_unfold(state, async |state| {
            let Some((mut lease, mut rows, kinds, sql)) = state else { return Ok(None) };
            let batch = batch(&mut rows, &kinds, &sql).await?;
            if batch.len() == BATCH {
                return Ok(Some((batch, Some((lease, rows, kinds, sql)))));
            }
            lease.ended();
            Ok(Some((batch, None)))
        }))
    };
    Box::pin(stream::once(begun).try_flatten())
}

async fn batch(rows: &mut Pin<Box<RowStream>>, kinds: &[Kind], sql: &str) -> Result<Batch> {
    let mut batch = Vec::new();
    while batch.len() < BATCH {
        let Some(row) = rows.try_next().await.map_err(failed(sql))? else { break };
        let value = |(at, kind): (usize, &Kind)| match kind {
            Kind::Int => row.try_get::<_, Option<i64>>(at).map(|value| value.map_or(Value::Null, Value::Int)),
            Kind::Text => row.try_get::<_, Option<String>>(at).map(|value| value.map_or(Value::Null, Value::Text)),
        };
        batch.push(kinds.iter().enumerate().map(value).collect::<std::result::Result<_, _>>().map_err(failed(sql))?);
    }
    Ok(batch)
}

fn parameter(array: Array) -> (Box<dyn ToSql + Sync + Send>, Type) {
    match array {
        Array::Ints(all) => (Box::new(all), Type::INT8_ARRAY),
        Array::Texts(all) => (Box::new(all), Type::TEXT_ARRAY),
    }
}

/// The one row of a query, run by a lease.
pub(super) async fn count(lease: &mut Lease, sql: &str) -> Result<u64> {
    let rows = lease.query(sql, &[]).await?;
    Ok(rows.first().map_or(0, |row| row.get::<_, i64>(0)).cast_unsigned())
}

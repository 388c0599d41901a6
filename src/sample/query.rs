//! SQL for reading rows by sets of keys.

use super::graph::{Comparison, GraphTable, Term};
use super::key_set::KeyArray;
use crate::pg::{identifier, literal};

/// A query for rows of one table.
#[derive(Clone, Debug)]
pub(super) struct RowQuery {
    /// The statement; it selects the table's slots.
    pub sql: String,
    /// The array parameters.
    pub parameters: Vec<KeyArray>,
    /// Whether an index finds the rows.
    pub by_index: bool,
}

/// A limit to the newest rows for each tuple of some terms.
pub(super) struct Newest<'a> {
    /// The number of rows for each tuple.
    pub rows: u64,
    /// The column by which the newest are found.
    pub by: &'a str,
    /// The terms.
    pub among: &'a [Term],
}

/// Returns the statement that selects a table's slots from a FROM item, with `conditions`.
pub(super) fn select(table: &GraphTable, relation: &str, conditions: &[String], newest: Option<&Newest<'_>>) -> String {
    let slots: Vec<&str> = table.slots.iter().map(|slot| slot.sql.as_str()).collect();
    let condition = if conditions.is_empty() { "true".to_owned() } else { conditions.join(" AND ") };
    let Some(newest) = newest else {
        return format!("SELECT {} FROM {relation} AS t WHERE {condition}", slots.join(", "));
    };
    let aliased: Vec<String> = slots.iter().enumerate().map(|(at, sql)| format!("{sql} AS c{at}")).collect();
    let aliases: Vec<String> = (0..slots.len()).map(|at| format!("r.c{at}")).collect();
    let among: Vec<&str> = newest.among.iter().map(|term| term.sql.as_str()).collect();
    format!(
        "SELECT {} FROM (SELECT {}, pg_catalog.row_number() OVER (PARTITION BY {} ORDER BY t.{} DESC NULLS LAST, {}) AS place \
         FROM {relation} AS t WHERE {condition}) AS r WHERE r.place <= {}",
        aliases.join(", "),
        aliased.join(", "),
        among.join(", "),
        identifier(newest.by),
        table.identity.order(),
        newest.rows
    )
}

/// Returns the condition that a row's terms are one of many tuples, which are given as one array for each term
/// (`bigint[]` or `text[]`, in SQL). With `by_index` the condition can use an index; otherwise each row is looked up in
/// a hash table.
pub(super) fn is_among(terms: &[Term], arrays: &[String], by_index: bool) -> String {
    if let ([term], [array], true) = (terms, arrays, by_index)
        && !matches!(term.comparison, Comparison::Native { array: true, .. })
    {
        let sql = &term.sql;
        return match &term.comparison {
            Comparison::Int(name) => format!("{sql} OPERATOR(pg_catalog.=) ANY ({array}::pg_catalog.{name}[])"),
            Comparison::Native { operator, cast, .. } => format!("{sql} {operator} ANY ({array}::{cast}[])"),
            Comparison::Text => format!("({sql})::pg_catalog.text OPERATOR(pg_catalog.=) ANY ({array})"),
        };
    }
    // Names that no column has, because an expression of the configuration is in the same scope.
    let key = |at: usize| identifier(&format!("devdb key {at}"));
    let mut unnest = Vec::new();
    let (mut raw, mut cast, mut equal) = (Vec::new(), Vec::new(), Vec::new());
    for (at, (term, array)) in terms.iter().zip(arrays).enumerate() {
        unnest.push(format!("pg_catalog.unnest({array})"));
        raw.push(key(at));
        let (sql, value) = (&term.sql, format!("u.{}", key(at)));
        let (value, is_equal) = match &term.comparison {
            Comparison::Int(name) => (format!("{value}::pg_catalog.{name}"), format!("{sql} OPERATOR(pg_catalog.=)")),
            Comparison::Native { operator, cast, .. } => (format!("{value}::{cast}"), format!("{sql} {operator}")),
            Comparison::Text => (value, format!("({sql})::pg_catalog.text OPERATOR(pg_catalog.=)")),
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

/// The share of wanted rows, one in so many, from which on a range of an index is scanned: to find a row by its key costs
/// about as much as to skip so many rows.
const DENSITY: i64 = 12;

/// Returns the condition for sorted tuples whose first term is an integer and whose values are close together: a range
/// scan of an index, with the other rows filtered out. `None` if the values are scattered.
pub(super) fn range_condition(terms: &[Term], arrays: &[KeyArray]) -> Option<String> {
    let (first, KeyArray::Ints(values)) = (terms.first()?, arrays.first()?) else { return None };
    let Comparison::Int(_) = first.comparison else { return None };
    let (least, most) = (*values.first()?, *values.last()?);
    let distinct = 1 + values.windows(2).filter(|pair| pair[0] != pair[1]).count();
    let is_dense = most.checked_sub(least)? / DENSITY < i64::try_from(distinct).ok()?;
    // No index is used for a term inside of a sum.
    let without_index = |term: &Term| match &term.comparison {
        Comparison::Int(name) => {
            Term { sql: format!("({} OPERATOR(pg_catalog.+) 0::pg_catalog.{name})", term.sql), ..term.clone() }
        }
        _ => term.clone(),
    };
    let filters: Vec<Term> = terms.iter().map(without_index).collect();
    is_dense.then(|| {
        let (sql, is_among) = (&first.sql, is_among(&filters, &literals(arrays), true));
        format!("{sql} OPERATOR(pg_catalog.>=) {least} AND {sql} OPERATOR(pg_catalog.<=) {most} AND {is_among}")
    })
}

/// Returns arrays as placeholders of parameters.
pub(super) fn placeholders(arrays: &[KeyArray]) -> Vec<String> {
    let placeholder = |(at, array): (usize, &KeyArray)| match array {
        KeyArray::Ints(_) => format!("${}::pg_catalog.int8[]", at + 1),
        KeyArray::Texts(_) => format!("${}::pg_catalog.text[]", at + 1),
    };
    arrays.iter().enumerate().map(placeholder).collect()
}

/// Returns arrays as literals, for COPY, which takes no parameters.
pub(super) fn literals(arrays: &[KeyArray]) -> Vec<String> {
    let quote = |text: &String| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let write = |array: &KeyArray| match array {
        KeyArray::Ints(values) => {
            let values: Vec<String> = values.iter().map(i64::to_string).collect();
            format!("'{{{}}}'::pg_catalog.int8[]", values.join(","))
        }
        KeyArray::Texts(values) => {
            let values: Vec<String> = values.iter().map(quote).collect();
            format!("{}::pg_catalog.text[]", literal(&format!("{{{}}}", values.join(","))))
        }
    };
    arrays.iter().map(write).collect()
}

//! The reason why a row is in the sample: the path from it to a seed row.

use std::sync::Arc;

use futures_util::stream::TryStreamExt;
use serde::Serialize;

use super::closure::{Cause, Closure};
use super::error::{Result, SampleError};
use super::graph::{Edge, EdgeEnd, GraphTable, is_uuid};
use super::key_set::{KeyValue, to_arrays};
use super::pool::Pool;
use super::query::{self, RowQuery};
use super::row_stream::read;
use super::seeds::key_term;
use crate::config::{Extent, TablePath};

/// One row of a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hop {
    /// Its table.
    pub table: String,
    /// Its key, if that consists of integers or UUIDs. Other keys may be personal data.
    pub key: Option<String>,
    /// The reason why it is in the sample.
    pub why: String,
}

/// Returns the path from a row to a seed row, or to a row that is included as reference data. `None` if the row is not in
/// the sample.
pub(super) async fn why(
    pool: &Arc<Pool>,
    closure: &Closure,
    path: &TablePath,
    given: &str,
) -> Result<Option<Vec<Hop>>> {
    let unknown = |what: String| SampleError::UnknownName { place: "--why".into(), what };
    let graph = &closure.graph;
    let mut at = graph.table(path).ok_or_else(|| unknown(format!("the table {path}")))?;
    let term = key_term(&graph.tables[at], None, &unknown)?;
    let Some(value) = term.comparison.convert(KeyValue::Text(given.trim().to_owned())) else { return Ok(None) };
    let end = EdgeEnd { table: at, relation: None, terms: vec![term], slots: Vec::new(), indexed: true };
    let Some(mut row) = find(pool, closure, &end, None, &[value], &|_| true).await? else { return Ok(None) };
    let (mut hops, mut before) = (Vec::new(), usize::MAX);
    loop {
        let table = &graph.tables[at];
        let Some((discovery, cause)) = discovery_of(closure, at, &row, before) else {
            let is_whole = table.extent == Some(Extent::All);
            if is_whole {
                hops.push(hop(table, &row, "the whole table is included as reference data".into()));
            }
            return Ok(is_whole.then_some(hops));
        };
        let (edge, down) = match cause {
            Cause::Seed => {
                hops.push(hop(table, &row, "it is a seed row".into()));
                return Ok(Some(hops));
            }
            Cause::Included => {
                hops.push(hop(table, &row, "it is included as reference data".into()));
                return Ok(Some(hops));
            }
            Cause::Down(edge) => (&graph.edges[edge], true),
            Cause::Up(edge) => (&graph.edges[edge], false),
        };
        let relation = if down { "it refers to the next row" } else { "the next row refers to it" };
        hops.push(hop(table, &row, format!("{relation} by {}: {}", edge.name, edge.from.names())));
        let Some(next) = next_row(pool, closure, edge, down, &row, discovery).await? else { return Ok(Some(hops)) };
        at = if down { edge.to.table } else { edge.from.table };
        (row, before) = (next, discovery);
    }
}

/// Returns the row at the other end of an edge that was found before a discovery.
async fn next_row(
    pool: &Arc<Pool>,
    closure: &Closure,
    edge: &Edge,
    down: bool,
    row: &[KeyValue],
    discovery: usize,
) -> Result<Option<Vec<KeyValue>>> {
    let (near, far) = if down { (&edge.from, &edge.to) } else { (&edge.to, &edge.from) };
    let Some(values) = far.convert(near.slots.iter().map(|slot| row[*slot].clone())) else { return Ok(None) };
    let is_whole = closure.graph.tables[far.table].extent == Some(Extent::All);
    let is_earlier = |row: &[KeyValue]| is_whole || discovery_of(closure, far.table, row, discovery).is_some();
    let condition = if down { None } else { edge.condition.as_deref() };
    find(pool, closure, far, condition, &values, &is_earlier).await
}

/// Returns the discovery of a row, by index, and its cause, among the discoveries before another one.
fn discovery_of(closure: &Closure, at: usize, row: &[KeyValue], before: usize) -> Option<(usize, Cause)> {
    let key = closure.graph.tables[at].identify(row);
    let mut discoveries = closure.discoveries.as_ref()?.iter().take(before).enumerate();
    let found = discoveries.find(|(_, discovery)| discovery.table == at && discovery.rows.contains(&key));
    found.map(|(index, discovery)| (index, discovery.cause))
}

/// Returns the first row with these values at an end of an edge that `is_wanted` accepts.
async fn find(
    pool: &Arc<Pool>,
    closure: &Closure,
    end: &EdgeEnd,
    condition: Option<&str>,
    values: &[KeyValue],
    is_wanted: &(dyn Fn(&[KeyValue]) -> bool + Sync),
) -> Result<Option<Vec<KeyValue>>> {
    let table = &closure.graph.tables[end.table];
    let arrays = to_arrays(&end.key_types(), std::iter::once(values.to_vec()));
    let mut conditions = vec![query::is_among(&end.terms, &query::placeholders(&arrays), true)];
    conditions.extend(condition.map(|condition| format!("({condition}\n)")));
    let sql = query::select(table, &table.relation_of(end), &conditions, None);
    let types = table.slots.iter().map(|slot| slot.key_type).collect();
    let mut rows = read(pool.clone(), types, RowQuery { sql, parameters: arrays, by_index: false });
    while let Some(batch) = rows.try_next().await? {
        if let Some(row) = batch.into_iter().find(|row| is_wanted(row)) {
            return Ok(Some(row));
        }
    }
    Ok(None)
}

fn hop(table: &GraphTable, row: &[KeyValue], why: String) -> Hop {
    let printable = |value: &KeyValue| match value {
        KeyValue::Int(value) if !table.has_no_key() => Some(value.to_string()),
        KeyValue::Text(text) if is_uuid(text) => Some(text.clone()),
        _ => None,
    };
    let key: Option<Vec<String>> = table.identify(row).iter().map(printable).collect();
    Hop { table: table.path.to_string(), key: key.map(|key| key.join(", ")), why }
}

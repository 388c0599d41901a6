//! Why a row is in the sample: the way back to a seed row, one row after the other.

use std::sync::Arc;

use futures_util::stream::TryStreamExt;
use serde::Serialize;

use super::closure::{Cause, Closure};
use super::error::{Result, SampleError};
use super::graph::{End, Table};
use super::key_set::{Value, columns};
use super::pool::Pool;
use super::query::{self, Ask, read};
use super::seeds::key;
use crate::config::{Extent, TablePath};

/// One row of the way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hop {
    /// Its table.
    pub table: String,
    /// Its key where that is made of numbers or UUIDs: other keys may be somebody's name.
    pub key: Option<String>,
    /// Why it came.
    pub why: String,
}

/// The way from a row to a seed row, or to a table that is taken as reference data. None when the row is not in
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
    let term = key(&graph.tables[at], None, &unknown)?;
    let Some(value) = term.compare.carry(Value::Text(given.trim().to_owned())) else { return Ok(None) };
    let end = End { table: at, relation: None, terms: vec![term], slots: Vec::new(), indexed: true };
    let Some(mut row) = find(pool, closure, &end, None, &[value], &|_| true).await? else { return Ok(None) };
    let (mut hops, mut before) = (Vec::new(), usize::MAX);
    loop {
        let table = &graph.tables[at];
        let Some(step) = step_of(closure, table, at, &row, before) else {
            let is_whole = table.extent == Some(Extent::All);
            if is_whole {
                hops.push(hop(table, &row, "the whole table is taken as reference data".into()));
            }
            return Ok(is_whole.then_some(hops));
        };
        let cause = closure.steps.as_ref().map_or(Cause::Seed, |steps| steps[step].cause);
        let (edge, down) = match cause {
            Cause::Seed => {
                hops.push(hop(table, &row, "it is a seed row".into()));
                return Ok(Some(hops));
            }
            Cause::Included => {
                hops.push(hop(table, &row, "its table's `include` takes it as reference data".into()));
                return Ok(Some(hops));
            }
            Cause::Down(edge) => (&graph.edges[edge], true),
            Cause::Up(edge) => (&graph.edges[edge], false),
        };
        let (here, there) = if down { (&edge.from, &edge.to) } else { (&edge.to, &edge.from) };
        let why = if down { "it refers to the next row" } else { "the next row refers to it" };
        hops.push(hop(table, &row, format!("{why} by {}: {}", edge.name, edge.from.shown())));
        let values = here.slots.iter().map(|slot| row[*slot].clone());
        let Some(values) = there.carry(values) else { return Ok(Some(hops)) };
        let other = &graph.tables[there.table];
        let is_earlier = |row: &[Value]| {
            other.extent == Some(Extent::All) || step_of(closure, other, there.table, row, step).is_some()
        };
        let condition = if down { None } else { edge.condition.as_deref() };
        let Some(next) = find(pool, closure, there, condition, &values, &is_earlier).await? else {
            return Ok(Some(hops));
        };
        (at, row, before) = (there.table, next, step);
    }
}

/// The step that brought a row, of those before another.
fn step_of(closure: &Closure, table: &Table, at: usize, row: &[Value], before: usize) -> Option<usize> {
    let key = table.identify(row);
    let steps = closure.steps.as_ref()?;
    steps.iter().take(before).position(|step| step.table == at && step.rows.contains(&key))
}

async fn find(
    pool: &Arc<Pool>,
    closure: &Closure,
    end: &End,
    condition: Option<&str>,
    values: &[Value],
    is_meant: &(dyn Fn(&[Value]) -> bool + Sync),
) -> Result<Option<Vec<Value>>> {
    let table = &closure.graph.tables[end.table];
    let arrays = columns(&end.kinds(), std::iter::once(values.to_vec()));
    let mut conditions = vec![query::among(&end.terms, &query::places(&arrays), true)];
    conditions.extend(condition.map(|condition| format!("({condition}\n)")));
    let sql = query::select(table, &table.relation_of(end), &conditions, None);
    let kinds = table.slots.iter().map(|slot| slot.kind).collect();
    let mut rows = read(pool.clone(), kinds, Ask { sql, parameters: arrays, by_index: false });
    while let Some(batch) = rows.try_next().await? {
        if let Some(row) = batch.into_iter().find(|row| is_meant(row)) {
            return Ok(Some(row));
        }
    }
    Ok(None)
}

fn hop(table: &Table, row: &[Value], why: String) -> Hop {
    let shown = |value: &Value| match value {
        Value::Int(value) if !table.is_by_place() => Some(value.to_string()),
        Value::Text(text) if super::graph::is_uuid(text) => Some(text.clone()),
        _ => None,
    };
    let key: Option<Vec<String>> = table.identify(row).iter().map(shown).collect();
    Hop { table: table.path.to_string(), key: key.map(|key| key.join(", ")), why }
}

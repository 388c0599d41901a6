//! The limit on the size of a sample.

use super::closure::{Closure, Total};
use super::error::{Result, SampleError};

/// The most rows and bytes that a sample may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// The most rows.
    pub rows: Option<u64>,
    /// The most bytes, by estimate.
    pub bytes: Option<u64>,
}

/// Fails if the sample exceeds its budget.
pub(super) fn check(closure: &Closure, budget: Budget) -> Result<()> {
    let Total { rows, bytes } = closure.total;
    let (limit, unit, by_bytes) = match budget {
        Budget { rows: Some(limit), .. } if rows > limit => (limit, "rows", false),
        Budget { bytes: Some(limit), .. } if bytes > limit => (limit, "bytes", true),
        _ => return Ok(()),
    };
    Err(SampleError::BudgetExceeded { limit, unit, path: heaviest_path(closure, by_bytes) })
}

/// Returns the path from the seed rows to the table with the most rows or bytes, at each table over the edge that
/// contributed most rows to it.
fn heaviest_path(closure: &Closure, by_bytes: bool) -> String {
    let graph = &closure.graph;
    let weight = |table: &usize| closure.rows(*table) * if by_bytes { graph.tables[*table].row_bytes() } else { 1 };
    let Some(heaviest) = (0..graph.tables.len()).max_by_key(weight) else { return String::new() };
    let mut path = vec![heaviest];
    let mut current = heaviest;
    loop {
        let contributions = graph.edges.iter().zip(&closure.tally).flat_map(|(edge, tally)| {
            let down = (edge.from.table == current).then_some((tally.down, edge.to.table));
            down.into_iter().chain((edge.to.table == current).then_some((tally.up, edge.from.table)))
        });
        match contributions.max().filter(|(rows, _)| *rows > closure.reached[current].seeds) {
            Some((_, origin)) if !path.contains(&origin) => {
                path.push(origin);
                current = origin;
            }
            _ => break,
        }
    }
    let names: Vec<String> = path.iter().rev().map(|table| graph.tables[*table].path.to_string()).collect();
    format!("{}: {} rows so far", names.join(" → "), closure.rows(heaviest))
}

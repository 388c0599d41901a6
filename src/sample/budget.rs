//! How large a sample may be, and what makes it large.

use super::closure::{Closure, Total};
use super::error::{Error, Result};

/// How large a sample may be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// The most rows.
    pub rows: Option<u64>,
    /// The most bytes, as they are estimated.
    pub bytes: Option<u64>,
}

/// Stops a sample that has grown over its budget.
pub(super) fn hold(closure: &Closure, budget: Budget) -> Result<()> {
    let Total { rows, bytes } = closure.total;
    let limit = match budget {
        Budget { rows: Some(most), .. } if rows > most => format!("{most} rows"),
        Budget { bytes: Some(most), .. } if bytes > most => format!("{most} bytes"),
        _ => return Ok(()),
    };
    Err(Error::Budget { limit, path: fattest(closure, budget.rows.is_none_or(|most| rows <= most)) })
}

/// From the seed rows to the table with the most rows or bytes, each step over the edge that brought most.
fn fattest(closure: &Closure, by_bytes: bool) -> String {
    let graph = &closure.graph;
    let weight = |table: &usize| closure.rows(*table) * if by_bytes { graph.tables[*table].row_bytes() } else { 1 };
    let Some(heaviest) = (0..graph.tables.len()).max_by_key(weight) else { return String::new() };
    let mut path = vec![heaviest];
    let mut here = heaviest;
    loop {
        let brought = graph.edges.iter().zip(&closure.tally).flat_map(|(edge, tally)| {
            let down = (edge.from.table == here).then_some((tally.down, edge.to.table));
            down.into_iter().chain((edge.to.table == here).then_some((tally.up, edge.from.table)))
        });
        match brought.max().filter(|(rows, _)| *rows > closure.reached[here].seeds) {
            Some((_, from)) if !path.contains(&from) => {
                path.push(from);
                here = from;
            }
            _ => break,
        }
    }
    let names: Vec<String> = path.iter().rev().map(|table| graph.tables[*table].path.to_string()).collect();
    format!("{}: {} rows so far", names.join(" → "), closure.rows(heaviest))
}

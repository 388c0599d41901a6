//! The plan of a sample: rows and bytes by table, the contribution of each edge, and the tables left empty.

use serde::Serialize;

use super::closure::Closure;
use super::graph::{Edge, GraphTable, TraversalRule};
use crate::config::Extent;
use crate::event::Fact;
use crate::units::{counted, size};

/// What a sample would copy, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// Tables with rows in the sample.
    pub tables: Vec<TablePlan>,
    /// Edges that contributed rows.
    pub edges: Vec<EdgePlan>,
    /// Tables that have rows in the source and none in the sample.
    pub unreached: Vec<UnreachedTable>,
    /// Edges that are slow to follow.
    pub warnings: Vec<String>,
}

/// A table of the sample.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TablePlan {
    /// The table.
    pub table: String,
    /// The number of rows in the sample.
    pub rows: u64,
    /// The number of seed rows among them.
    pub seeds: u64,
    /// The number of owned rows among them, seed rows included.
    pub owned: u64,
    /// The estimated bytes of the rows.
    pub bytes: u64,
}

/// The contribution of an edge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EdgePlan {
    /// The constraint, or the key of the configuration.
    pub name: String,
    /// The referencing table with its columns.
    pub from: String,
    /// The referenced table with its columns.
    pub to: String,
    /// Rows included because they refer to an owned row.
    pub down: u64,
    /// Rows included because a row refers to them.
    pub up: u64,
}

/// A table that has rows in the source and none in the sample.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnreachedTable {
    /// The table.
    pub table: String,
    /// The estimated number of rows in the source.
    pub rows: Option<u64>,
    /// How to include its rows, or to confirm that they are not wanted.
    pub suggestion: String,
}

/// The most rows of an unreached table that is taken for reference data.
const REFERENCE_ROWS: u64 = 10_000;

impl Plan {
    pub(super) fn of(closure: &Closure) -> Plan {
        let graph = &closure.graph;
        let all = || graph.tables.iter().enumerate().map(|(at, table)| (table, closure.rows(at), &closure.reached[at]));
        let tables = all().filter(|(_, rows, _)| *rows > 0).map(|(table, rows, reached)| TablePlan {
            table: table.path.to_string(),
            rows,
            seeds: reached.seeds,
            owned: reached.owned.len(),
            bytes: rows * table.row_bytes(),
        });
        let end = |table: usize, columns: String| format!("{} ({columns})", graph.tables[table].path);
        let edges = graph.edges.iter().zip(&closure.tally).filter(|(_, tally)| tally.down + tally.up > 0);
        let edges = edges.map(|(edge, tally)| EdgePlan {
            name: edge.name.clone(),
            from: end(edge.from.table, edge.from.names()),
            to: end(edge.to.table, edge.to.names()),
            down: tally.down,
            up: tally.up,
        });
        let unreached = all().filter(|(table, rows, _)| *rows == 0 && table.extent.is_none() && table.may_have_rows());
        Plan {
            tables: tables.collect(),
            edges: edges.collect(),
            unreached: unreached.map(|(table, ..)| unreached_table(table)).collect(),
            warnings: graph.edges.iter().filter_map(|edge| missing_index(closure, edge)).collect(),
        }
    }

    /// Returns the plan as the lines of a list, the largest tables first.
    pub fn facts(&self) -> Vec<Fact> {
        let mut tables: Vec<&TablePlan> = self.tables.iter().collect();
        tables.sort_by_key(|table| std::cmp::Reverse(table.bytes));
        let mut facts: Vec<Fact> = Vec::new();
        for table in tables {
            let kinds = match (table.owned, table.rows - table.owned.min(table.rows)) {
                (0, _) => "required",
                (_, 0) => "owned",
                _ => "owned and required",
            };
            facts.push(Fact::new(
                &table.table,
                format!("{}, {}, {kinds}", counted(table.rows, "row"), size(table.bytes)),
            ));
        }
        for edge in &self.edges {
            let (from, to) = (&edge.from, &edge.to);
            if edge.down > 0 {
                facts.push(Fact::new(format!("{to} → {from}"), counted(edge.down, "referencing row")));
            }
            if edge.up > 0 {
                facts.push(Fact::new(format!("{from} → {to}"), counted(edge.up, "referenced row")));
            }
        }
        for table in &self.unreached {
            facts.push(Fact::new(&table.table, format!("empty; {}", table.suggestion)));
        }
        facts
    }

    /// The rows of all tables.
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).sum()
    }

    /// The estimated bytes of all tables.
    pub fn bytes(&self) -> u64 {
        self.tables.iter().map(|table| table.bytes).sum()
    }
}

fn unreached_table(table: &GraphTable) -> UnreachedTable {
    let suggestion = match table.estimated_rows {
        Some(rows) if rows <= REFERENCE_ROWS => {
            format!("`sample.tables: {{ {}: all }}` includes it as reference data", table.path)
        }
        _ => format!(
            "`--suggest` searches for a missing reference, `sample.tables: {{ {}: none }}` confirms that it stays empty",
            table.path
        ),
    };
    UnreachedTable { table: table.path.to_string(), rows: table.estimated_rows, suggestion }
}

/// Returns the warning for an edge whose traversal scans a table because of a missing index.
fn missing_index(closure: &Closure, edge: &Edge) -> Option<String> {
    let tables = &closure.graph.tables;
    let (from, to) = (&tables[edge.from.table], &tables[edge.to.table]);
    let warning = |table: &GraphTable, columns: String| {
        format!("{} ({columns}) has no index: each round scans the whole table", table.path)
    };
    if edge.is_followed_down() && !edge.from.indexed && !closure.reached[edge.to.table].owned.is_empty() {
        return Some(warning(from, edge.from.names()));
    }
    let is_followed_up = edge.is_followed_up() && !matches!(edge.rule, TraversalRule::Ignore);
    let refers = closure.rows(edge.from.table) > 0 && from.extent != Some(Extent::None);
    if is_followed_up && !edge.to.indexed && refers && to.extent != Some(Extent::All) {
        return Some(warning(to, edge.to.names()));
    }
    None
}

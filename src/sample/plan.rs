//! A sample in figures, before anything is copied: rows and bytes of every table, rows that each edge
//! brought, and what nobody reached.

use serde::Serialize;

use super::closure::Closure;
use super::graph::{Edge, Rule, Table};
use crate::config::Extent;
use crate::event::Fact;
use crate::units::{counted, size};

/// What would be copied, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// Tables with rows in the sample.
    pub tables: Vec<TablePlan>,
    /// Edges that brought rows.
    pub edges: Vec<EdgePlan>,
    /// Tables that have rows in the source and none in the sample.
    pub unreached: Vec<Unreached>,
    /// What makes it slow, or is worth a look.
    pub warnings: Vec<String>,
}

/// A table of the sample.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TablePlan {
    /// The table.
    pub table: String,
    /// Its rows in the sample.
    pub rows: u64,
    /// Of these, seed rows.
    pub seeds: u64,
    /// Of these, rows reached going down, seed rows included.
    pub owned: u64,
    /// Bytes that the rows are expected to have.
    pub bytes: u64,
}

/// What an edge brought.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EdgePlan {
    /// The constraint, or the place in the configuration.
    pub name: String,
    /// The table that refers, with its columns.
    pub from: String,
    /// The table referred to, with its columns.
    pub to: String,
    /// Rows that came because they refer to an owned row.
    pub down: u64,
    /// Rows that came because they are referred to.
    pub up: u64,
}

/// A table that has rows in the source and none in the sample.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unreached {
    /// The table.
    pub table: String,
    /// Rows that the server believes it has.
    pub rows: Option<u64>,
    /// What to write if they are wanted.
    pub suggestion: String,
}

/// Rows up to which a table nobody reaches looks like reference data.
const REFERENCE: u64 = 10_000;

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
            from: end(edge.from.table, edge.from.shown()),
            to: end(edge.to.table, edge.to.shown()),
            down: tally.down,
            up: tally.up,
        });
        let unreached = all().filter(|(table, rows, _)| *rows == 0 && table.extent.is_none() && table.may_have_rows());
        Plan {
            tables: tables.collect(),
            edges: edges.collect(),
            unreached: unreached.map(|(table, ..)| unreached_table(table)).collect(),
            warnings: graph.edges.iter().filter_map(|edge| slow(closure, edge)).collect(),
        }
    }

    /// It as lines of a list, the largest tables first.
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
                facts.push(Fact::new(format!("{to} → {from}"), format!("{} referring", counted(edge.down, "row"))));
            }
            if edge.up > 0 {
                facts.push(Fact::new(format!("{from} → {to}"), format!("{} referred to", counted(edge.up, "row"))));
            }
        }
        for table in &self.unreached {
            facts.push(Fact::new(&table.table, format!("empty; {}", table.suggestion)));
        }
        facts
    }

    /// Rows of all tables.
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).sum()
    }

    /// Bytes that these are expected to have.
    pub fn bytes(&self) -> u64 {
        self.tables.iter().map(|table| table.bytes).sum()
    }
}

fn unreached_table(table: &Table) -> Unreached {
    let suggestion = match table.believed_rows {
        Some(rows) if rows <= REFERENCE => {
            format!("`sample.tables: {{ {}: all }}` takes it whole, as reference data", table.path)
        }
        _ => format!(
            "`--suggest` looks for a missing reference, `sample.tables: {{ {}: none }}` says that it is not wanted",
            table.path
        ),
    };
    Unreached { table: table.path.to_string(), rows: table.believed_rows, suggestion }
}

fn slow(closure: &Closure, edge: &Edge) -> Option<String> {
    let tables = &closure.graph.tables;
    let is_asked = |table: usize| closure.rows(table) > 0 && tables[table].extent != Some(Extent::None);
    let (from, to) = (&tables[edge.from.table], &tables[edge.to.table]);
    let pass = "a pass over the whole table in each round";
    if edge.is_followed_down() && !edge.from.indexed && !closure.reached[edge.to.table].owned.is_empty() {
        return Some(format!("{} ({}) has no index: {pass}", from.path, edge.from.shown()));
    }
    let is_up = edge.is_followed_up() && !matches!(edge.rule, Rule::Ignore);
    if is_up && !edge.to.indexed && is_asked(edge.from.table) && to.extent != Some(Extent::All) {
        return Some(format!("{} ({}) has no index: {pass}", to.path, edge.to.shown()));
    }
    None
}

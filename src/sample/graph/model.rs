//! The graph, and lookups of tables and columns by name.

use crate::config::{Extent, TablePath};
use crate::pg::catalog::Column;
use crate::sample::error::{Result, SampleError};

use super::edge::Edge;
use super::table::GraphTable;

/// The tables of a database and the edges between them, each with the rule that applies to it.
#[derive(Clone, Debug)]
pub struct Graph {
    /// Tables with rows of their own or in partitions, ordered by schema and name.
    pub tables: Vec<GraphTable>,
    /// Edges between them, declared foreign keys first.
    pub edges: Vec<Edge>,
}

impl Graph {
    /// Returns the index of a table; for the name of a partition, that of the partitioned table.
    pub fn table(&self, path: &TablePath) -> Option<usize> {
        let matches = |table: &GraphTable| table.path == *path || table.leaves.iter().any(|leaf| leaf.path == *path);
        self.tables.iter().position(matches)
    }

    /// Whether an edge requires rows to be searched upward. It does not if the referenced table is taken as a whole.
    pub fn leads_up(&self, edge: &Edge) -> bool {
        edge.is_followed_up() && self.tables[edge.to.table].extent != Some(Extent::All)
    }

    /// Returns the index of a table that `place`, a key of the configuration, names.
    pub(super) fn require_table(&self, path: &TablePath, place: &str) -> Result<usize> {
        self.table(path).ok_or_else(|| unknown_name(place, format!("the table {path}")))
    }
}

/// Returns the error for a name that does not exist in the database.
pub(super) fn unknown_name(place: &str, what: String) -> SampleError {
    SampleError::UnknownName { place: place.to_owned(), what }
}

/// Returns the column of a table that `place`, a key of the configuration, names.
pub(super) fn require_column<'a>(table: &'a GraphTable, name: &str, place: &str) -> Result<&'a Column> {
    let column = table.columns.iter().find(|column| column.name == name);
    column.ok_or_else(|| unknown_name(place, format!("the column {name} of {}", table.path)))
}

//! Tables and the edges between them: what the catalog says, and what the configuration says about it.
//! Looking is here and in `catalog`; `build` decides and asks nobody.

mod build;
mod catalog;
mod edge;
mod rules;
mod table;

pub use catalog::Catalog;
pub use edge::{Compare, Edge, End, Rule, Term, is_uuid};
pub(super) use table::quoted;
pub use table::{Identity, Slot, Table};

use crate::config::{Extent, Reference, Sample, TablePath};
use crate::pg::catalog::Column;

use super::error::{Result, SampleError};

/// The tables of a database with what is taken of each, and the edges between them with what is done about
/// each.
#[derive(Clone, Debug)]
pub struct Graph {
    /// Tables that have rows of their own or in partitions, in the order of schema and name.
    pub tables: Vec<Table>,
    /// Edges between them, declared ones first.
    pub edges: Vec<Edge>,
}

impl Graph {
    /// Puts it together. With `explain`, rows are read for the way back too.
    ///
    /// # Errors
    /// When the configuration names something that is not there, or asks for something that cannot be.
    pub fn new(catalog: Catalog, sample: &Sample, references: &[Reference], explain: bool) -> Result<Graph> {
        let mut graph = build::graph(catalog, references)?;
        rules::apply(&mut graph, sample)?;
        graph.lay_slots(explain);
        Ok(graph)
    }

    /// Tables and edges without what the configuration says of them.
    ///
    /// # Errors
    /// When a reference names something that is not there.
    pub fn known(catalog: Catalog, references: &[Reference]) -> Result<Graph> {
        build::graph(catalog, references)
    }

    /// The table of a name; of a partition, the partitioned table.
    pub fn table(&self, path: &TablePath) -> Option<usize> {
        let is_it = |table: &Table| table.path == *path || table.leaves.iter().any(|leaf| leaf.path == *path);
        self.tables.iter().position(is_it)
    }

    /// Whether rows of a table have to be looked for over an edge from it: nothing is to be found in one that is taken as a
    /// whole.
    pub fn leads_up(&self, edge: &Edge) -> bool {
        edge.is_followed_up() && self.tables[edge.to.table].extent != Some(Extent::All)
    }

    fn named(&self, path: &TablePath, place: &str) -> Result<usize> {
        self.table(path).ok_or_else(|| unknown(place, format!("the table {path}")))
    }

    /// Gives every value that a row is read for its place in the row.
    fn lay_slots(&mut self, explain: bool) {
        for table in &mut self.tables {
            table.slots = table.identity.slots();
        }
        let leads_up: Vec<bool> = self.edges.iter().map(|edge| self.leads_up(edge)).collect();
        for (edge, leads_up) in self.edges.iter_mut().zip(leads_up) {
            // A row is read for the edges that are followed from it, and no others: what an index can tell alone is
            // read without the table.
            if leads_up || (explain && edge.is_followed_up()) {
                let (table, condition) = (&mut self.tables[edge.from.table], edge.condition.as_deref());
                edge.from.slots = edge
                    .from
                    .terms
                    .iter()
                    .map(|term| table.slot(term, edge.from.relation.as_ref(), condition))
                    .collect();
            }
            if edge.is_followed_down() || (explain && edge.is_followed_up()) {
                let table = &mut self.tables[edge.to.table];
                edge.to.slots =
                    edge.to.terms.iter().map(|term| table.slot(term, edge.to.relation.as_ref(), None)).collect();
            }
        }
    }
}

fn unknown(place: &str, what: String) -> SampleError {
    SampleError::UnknownName { place: place.to_owned(), what }
}

fn column<'a>(table: &'a Table, name: &str, place: &str) -> Result<&'a Column> {
    let found = table.columns.iter().find(|column| column.name == name);
    found.ok_or_else(|| unknown(place, format!("the column {name} of {}", table.path)))
}

//! Construction of the graph from the catalog and the configuration.

use std::collections::BTreeMap;

use crate::config::{Reference, Sample, TablePath};
use crate::sample::error::Result;

use super::catalog::Catalog;
use super::model::Graph;
use super::{edges, rules, tables};

impl Graph {
    /// Builds the graph. With `explain`, rows are also read for the values that lead back to the seed rows.
    ///
    /// # Errors
    /// When the configuration names an object that does not exist, or asks for something impossible.
    pub fn new(catalog: Catalog, sample: &Sample, references: &[Reference], explain: bool) -> Result<Graph> {
        let mut graph = Graph::without_rules(catalog, references)?;
        rules::apply(&mut graph, sample)?;
        graph.assign_slots(explain);
        Ok(graph)
    }

    /// Builds the graph with the default rule of each edge, without slots.
    ///
    /// # Errors
    /// When a reference names an object that does not exist.
    pub fn without_rules(catalog: Catalog, references: &[Reference]) -> Result<Graph> {
        let mut index: BTreeMap<TablePath, usize> = BTreeMap::new();
        let mut graph = Graph { tables: tables::from_catalog(&catalog, &mut index), edges: Vec::new() };
        edges::add_all(&mut graph, &catalog, &index, references)?;
        Ok(graph)
    }

    /// Assigns every value that is read for a row its position in the row.
    fn assign_slots(&mut self, explain: bool) {
        for table in &mut self.tables {
            table.slots = table.identity.slots();
        }
        let leads_up: Vec<bool> = self.edges.iter().map(|edge| self.leads_up(edge)).collect();
        for (edge, leads_up) in self.edges.iter_mut().zip(leads_up) {
            // Only the values of edges that are followed are read, so that an index-only scan is possible where the
            // index contains all of them.
            if leads_up || (explain && edge.is_followed_up()) {
                let (table, condition) = (&mut self.tables[edge.from.table], edge.condition.as_deref());
                let relation = edge.from.relation.as_ref();
                edge.from.slots = edge.from.terms.iter().map(|term| table.slot(term, relation, condition)).collect();
            }
            if edge.is_followed_down() || (explain && edge.is_followed_up()) {
                let table = &mut self.tables[edge.to.table];
                let relation = edge.to.relation.as_ref();
                edge.to.slots = edge.to.terms.iter().map(|term| table.slot(term, relation, None)).collect();
            }
        }
    }
}

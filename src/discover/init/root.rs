//! The table that most others descend from: where a sample would start.

use std::collections::BTreeSet;

use crate::config::TablePath;
use crate::mask::coverage::Catalog;

/// A table to start from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// The table.
    pub table: TablePath,
    /// Its key.
    pub key: Vec<String>,
    /// How many tables lead to it by foreign keys.
    pub descendants: usize,
}

/// The table that most tables lead to; of several the one that more refer to directly. None when there
/// are no foreign keys.
pub fn root(catalog: &Catalog) -> Option<Root> {
    let from = |key: &crate::pg::catalog::ForeignKey| (key.schema.clone(), key.table.clone());
    let to = |key: &crate::pg::catalog::ForeignKey| (key.to_schema.clone(), key.to_table.clone());
    let below = |table: &(String, String)| {
        let mut reached = BTreeSet::from([table.clone()]);
        loop {
            let next: Vec<_> = catalog
                .foreign_keys
                .iter()
                .filter(|key| reached.contains(&to(key)) && !reached.contains(&from(key)))
                .map(from)
                .collect();
            if next.is_empty() {
                return reached.len() - 1;
            }
            reached.extend(next);
        }
    };
    let candidates = catalog.tables.iter().filter(|table| table.root.is_none() && !table.primary_key.is_empty());
    let measured = candidates.map(|table| {
        let place = (table.schema.clone(), table.name.clone());
        let direct = catalog.foreign_keys.iter().filter(|key| to(key) == place).count();
        // People are what a sample is asked for by; a table of countries has descendants too.
        let people =
            ["users", "user", "members", "member", "customers", "customer", "accounts"].contains(&place.1.as_str());
        ((people && direct > 0, below(&place), direct), table)
    });
    let ((_, descendants, _), table) = measured.max_by_key(|(rank, _)| *rank)?;
    let path = TablePath { schema: table.schema.clone(), table: table.name.clone() };
    (descendants > 0).then(|| Root { table: path, key: table.primary_key.clone(), descendants })
}

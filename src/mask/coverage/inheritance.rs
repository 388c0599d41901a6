//! Inheritance: the topmost tables that decide for the columns of partitions and inheriting tables.

use std::collections::{BTreeMap, BTreeSet};

use super::catalog::{Catalog, ColumnKey, key_of, table_of};
use crate::config::TablePath;
use crate::pg::catalog::{Column, Form, Table};

/// Parents of all tables.
pub(super) struct Inheritance {
    forms: BTreeMap<TablePath, Form>,
    parents: BTreeMap<TablePath, Vec<TablePath>>,
    partitions: BTreeSet<TablePath>,
    columns: BTreeSet<ColumnKey>,
}

impl Inheritance {
    pub(super) fn of(catalog: &Catalog) -> Self {
        let path = |table: &Table| TablePath { schema: table.schema.clone(), table: table.name.clone() };
        let parents = |table: &Table| {
            let parent =
                |(schema, table): &(String, String)| TablePath { schema: schema.clone(), table: table.clone() };
            table.parents.iter().map(parent).collect()
        };
        Inheritance {
            forms: catalog.tables.iter().map(|table| (path(table), table.form)).collect(),
            parents: catalog.tables.iter().map(|table| (path(table), parents(table))).collect(),
            partitions: catalog.tables.iter().filter(|table| table.root.is_some()).map(path).collect(),
            columns: catalog.columns.iter().map(key_of).collect(),
        }
    }

    /// Whether the column exists.
    pub(super) fn has_column(&self, table: &TablePath, column: &str) -> bool {
        self.columns.contains(&(table.clone(), column.to_owned()))
    }

    /// Whether the table exists.
    pub(super) fn has_table(&self, table: &TablePath) -> bool {
        self.forms.contains_key(table)
    }

    /// Whether the column is in a foreign table.
    pub(super) fn is_foreign(&self, column: &Column) -> bool {
        self.forms.get(&table_of(column)) == Some(&Form::Foreign)
    }

    /// Whether the column's table is an ordinary one: the rows of a partition are those of its partitioned table.
    pub(super) fn has_own_rows(&self, column: &Column) -> bool {
        let table = table_of(column);
        self.forms.get(&table) == Some(&Form::Ordinary) && !self.partitions.contains(&table)
    }

    /// Topmost tables that pass the column down, in the order of the parents; empty if the column is the table's own.
    pub(super) fn tops(&self, column: &Column) -> Vec<TablePath> {
        let own = table_of(column);
        let (mut tops, mut seen) = (Vec::new(), BTreeSet::new());
        let mut open = vec![own.clone()];
        while let Some(table) = open.pop() {
            let has_it = |parent: &&TablePath| self.has_column(parent, &column.name);
            let mut parents: Vec<TablePath> =
                self.parents.get(&table).into_iter().flatten().filter(has_it).cloned().collect();
            if parents.is_empty() && table != own {
                tops.push(table);
                continue;
            }
            parents.retain(|parent| seen.insert(parent.clone()));
            open.extend(parents.into_iter().rev());
        }
        tops
    }

    /// Table that decides for a column.
    pub(super) fn top(&self, table: &TablePath, column: &str, catalog: &Catalog) -> TablePath {
        let found = catalog.columns.iter().find(|one| table_of(one) == *table && one.name == column);
        found.and_then(|column| self.tops(column).into_iter().next()).unwrap_or_else(|| table.clone())
    }
}

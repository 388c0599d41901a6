//! Tables of the graph from the catalog.

use std::collections::BTreeMap;

use crate::config::TablePath;
use crate::pg::catalog::{Column, Form, Index};

use super::catalog::Catalog;
use super::comparison::Comparison;
use super::identity::RowIdentity;
use super::table::{GraphTable, Leaf};
use super::term::Term;

/// Returns the tables. `index` receives the position of each table, and of its root for each partition.
pub(super) fn from_catalog(catalog: &Catalog, index: &mut BTreeMap<TablePath, usize>) -> Vec<GraphTable> {
    let mut columns: BTreeMap<TablePath, Vec<Column>> = BTreeMap::new();
    for column in &catalog.columns {
        let table = TablePath { schema: column.schema.clone(), table: column.table.clone() };
        columns.entry(table).or_default().push(column.clone());
    }
    let mut tables: Vec<GraphTable> = Vec::new();
    for root in catalog.tables.iter().filter(|table| table.root.is_none() && table.form != Form::Foreign) {
        let path = TablePath { schema: root.schema.clone(), table: root.name.clone() };
        if catalog.extension_tables.contains(&path) {
            continue;
        }
        let columns = columns.remove(&path).unwrap_or_default();
        index.insert(path.clone(), tables.len());
        tables.push(GraphTable {
            partitioned: root.form == Form::Partitioned,
            leaves: Vec::new(),
            identity: identity(&path, &columns, &catalog.indexes),
            columns,
            extent: None,
            estimated_rows: Some(0),
            bytes: 0,
            slots: Vec::new(),
            path,
        });
    }
    for relation in &catalog.tables {
        let path = TablePath { schema: relation.schema.clone(), table: relation.name.clone() };
        let root = relation.root.clone().map_or(path.clone(), |(schema, table)| TablePath { schema, table });
        let Some(&at) = index.get(&root) else { continue };
        index.insert(path.clone(), at);
        let table = &mut tables[at];
        table.bytes += relation.bytes;
        if relation.form == Form::Ordinary {
            table.estimated_rows = table.estimated_rows.zip(relation.rows).map(|(all, rows)| all + rows);
            let oid = catalog.oids.get(&path).copied().unwrap_or_default();
            table.leaves.push(Leaf { path, oid });
        }
    }
    tables
}

/// Returns the primary key, or else the unique index over the fewest columns that are all NOT NULL.
fn identity(path: &TablePath, columns: &[Column], indexes: &[Index]) -> RowIdentity {
    let find = |name: &String| columns.iter().find(|column| column.name == *name);
    let terms = |index: &Index| -> Option<Vec<Term>> {
        let terms = index.columns.iter().zip(&index.equality).map(|(name, equality)| {
            let column = name.as_ref().and_then(find)?;
            column.not_null.then(|| Term::column(column, Comparison::native(column, column, equality.clone())))
        });
        terms.collect()
    };
    let is_own = |index: &&Index| index.unique && index.schema == path.schema && index.table == path.table;
    let mut unique: Vec<&Index> = indexes.iter().filter(is_own).collect();
    unique.sort_by_key(|index| (!index.primary, index.columns.len()));
    unique.into_iter().find_map(terms).map_or(RowIdentity::Ctid, RowIdentity::Columns)
}

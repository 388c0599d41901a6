//! `devdb.lock`: tables, columns, types, labels and foreign keys as a team has seen and accepted them. What
//! differs stops a run by its name, before anything of it is published.
//!
//! The file is YAML with one thing a line, sorted by names and not by positions, so that a migration makes
//! a small difference and two of them can be merged. Partitions are left out: they come and go by the month,
//! and have the columns of the table at the top.

mod drift;
mod file;

use std::collections::BTreeMap;

use crate::config::TablePath;
use crate::pg::catalog::{Column, ForeignKey, Form, Table};

pub use drift::{Drift, drift};
pub use file::{Complaint, read, written};

/// What one database looks like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock {
    /// Its tables.
    pub tables: BTreeMap<TablePath, BTreeMap<String, String>>,
    /// Its enums with their labels, in their order.
    pub enums: BTreeMap<TablePath, Vec<String>>,
    /// Its declared foreign keys, as they are written: `public.posts (author) -> public.users (id)`.
    pub references: Vec<String>,
}

impl Lock {
    /// What a database looks like now.
    pub fn of(columns: &[Column], tables: &[Table], keys: &[ForeignKey]) -> Lock {
        let mut lock = Lock::default();
        for table in tables.iter().filter(|table| table.root.is_none()) {
            let path = TablePath { schema: table.schema.clone(), table: table.name.clone() };
            lock.tables.insert(path, BTreeMap::new());
        }
        for column in columns {
            let path = TablePath { schema: column.schema.clone(), table: column.table.clone() };
            let Some(table) = lock.tables.get_mut(&path) else { continue };
            let foreign = tables
                .iter()
                .any(|one| one.form == Form::Foreign && one.schema == path.schema && one.name == path.table);
            table.insert(column.name.clone(), described(column, foreign));
            if column.base.form == 'e' {
                let name = TablePath { schema: column.base.schema.clone(), table: column.base.name.clone() };
                lock.enums.insert(name, column.base.labels.clone());
            }
        }
        lock.references = keys.iter().map(shown).collect();
        lock.references.sort();
        // Two keys on the same columns are one.
        lock.references.dedup();
        lock
    }
}

/// A column's type with what else decides about its mask.
fn described(column: &Column, foreign: bool) -> String {
    let mut text = plain_type(&column.declared);
    let facts = [
        (column.not_null, "not null"),
        (column.generated, "generated"),
        (column.identity, "identity"),
        (foreign, "foreign"),
    ];
    for (_, fact) in facts.into_iter().filter(|(is, _)| *is) {
        text.push(' ');
        text.push_str(fact);
    }
    text
}

/// `"pg_catalog"."varchar"(80)` as people write it: `varchar(80)`; other types with their schema.
fn plain_type(declared: &str) -> String {
    let bare = declared.strip_prefix("\"pg_catalog\".").unwrap_or(declared);
    let mut text = String::new();
    let mut rest = bare;
    // Names that need no quotes lose them.
    while let Some(start) = rest.find('"') {
        let Some(end) = rest[start + 1..].find('"').map(|end| start + 1 + end) else { break };
        let name = &rest[start + 1..end];
        let plain = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_') && !name.is_empty();
        text.push_str(&rest[..start]);
        text.push_str(if plain { name } else { &rest[start..=end] });
        rest = &rest[end + 1..];
    }
    text + rest
}

fn shown(key: &ForeignKey) -> String {
    let names = |names: &[String]| names.iter().map(|name| crate::config::shown(name)).collect::<Vec<_>>().join(", ");
    let table = |schema: &str, table: &str| TablePath { schema: schema.to_owned(), table: table.to_owned() };
    let from = table(&key.schema, &key.table);
    format!("{from} ({}) -> {} ({})", names(&key.columns), table(&key.to_schema, &key.to_table), names(&key.to_columns))
}

#[cfg(test)]
mod tests;

//! Differences between the locked schema and the current one.

use std::collections::BTreeMap;
use std::fmt;

use super::schema::Lock;
use crate::config::{ColumnPath, TablePath};
use crate::units::counted;

/// A difference from the lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drift {
    /// A new table.
    NewTable {
        /// Path of the table.
        table: String,
        /// Number of columns.
        columns: usize,
    },
    /// A new column.
    NewColumn {
        /// Path of the column.
        column: String,
        /// Type and attributes.
        description: String,
    },
    /// A changed column.
    ChangedColumn {
        /// Path of the column.
        column: String,
        /// Locked type and attributes.
        before: String,
        /// Current type and attributes.
        now: String,
    },
    /// A new enum label.
    NewLabel {
        /// Path of the enum.
        of: String,
        /// The label.
        label: String,
    },
    /// A new foreign key.
    NewForeignKey {
        /// The key.
        key: String,
    },
    /// Something that no longer exists.
    Removed {
        /// Kind and name.
        what: String,
    },
}

impl Drift {
    /// Whether the difference could publish data that nobody has reviewed. A removal cannot.
    pub fn needs_review(&self) -> bool {
        !matches!(self, Drift::Removed { .. })
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Drift::NewTable { table, columns } => {
                write!(f, "table {table} ({}) is new since devdb.lock", counted(*columns as u64, "column"))
            }
            Drift::NewColumn { column, description } => {
                write!(f, "column {column} ({description}) is new since devdb.lock")
            }
            Drift::ChangedColumn { column, before, now } => {
                write!(f, "column {column} changed from {before} to {now}")
            }
            Drift::NewLabel { of, label } => write!(f, "label '{label}' of enum {of} is new since devdb.lock"),
            Drift::NewForeignKey { key } => write!(f, "foreign key {key} is new since devdb.lock"),
            Drift::Removed { what } => write!(f, "{what} no longer exists"),
        }
    }
}

/// All differences, additions and changes first.
pub fn drift(old: &Lock, new: &Lock) -> Vec<Drift> {
    let mut found = Vec::new();
    for (table, columns) in &new.tables {
        match old.tables.get(table) {
            Some(before) => compare_columns(table, before, columns, &mut found),
            None => found.push(Drift::NewTable { table: table.to_string(), columns: columns.len() }),
        }
    }
    for (name, labels) in &new.enums {
        let before = old.enums.get(name);
        // A new enum shows as new columns of its type.
        for label in labels.iter().filter(|label| before.is_some_and(|before| !before.contains(label))) {
            found.push(Drift::NewLabel { of: name.to_string(), label: label.clone() });
        }
    }
    let added = new.references.iter().filter(|key| !old.references.contains(key));
    found.extend(added.map(|key| Drift::NewForeignKey { key: key.clone() }));
    found.extend(removed(old, new).into_iter().map(|what| Drift::Removed { what }));
    found
}

fn compare_columns(
    table: &TablePath,
    old: &BTreeMap<String, String>,
    new: &BTreeMap<String, String>,
    found: &mut Vec<Drift>,
) {
    for (name, now) in new {
        let column = ColumnPath::of(table, name).to_string();
        match old.get(name) {
            None => found.push(Drift::NewColumn { column, description: now.clone() }),
            Some(before) if before != now => {
                found.push(Drift::ChangedColumn { column, before: before.clone(), now: now.clone() });
            }
            Some(_) => {}
        }
    }
}

fn removed(old: &Lock, new: &Lock) -> Vec<String> {
    let mut removed = Vec::new();
    for (table, columns) in &old.tables {
        let Some(now) = new.tables.get(table) else {
            removed.push(format!("table {table}"));
            continue;
        };
        let missing = columns.keys().filter(|name| !now.contains_key(*name));
        removed.extend(missing.map(|name| format!("column {}", ColumnPath::of(table, name))));
    }
    for (name, labels) in &old.enums {
        match new.enums.get(name) {
            None => removed.push(format!("enum {name}")),
            Some(now) => removed.extend(
                labels
                    .iter()
                    .filter(|label| !now.contains(label))
                    .map(|label| format!("label '{label}' of enum {name}")),
            ),
        }
    }
    let keys = old.references.iter().filter(|key| !new.references.contains(key));
    removed.extend(keys.map(|key| format!("foreign key {key}")));
    removed
}

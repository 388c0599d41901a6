//! What is different now from what a team has seen.

use std::collections::BTreeMap;
use std::fmt;

use super::Lock;
use crate::config::{ColumnPath, TablePath};

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drift {
    /// A table that was not there.
    Table {
        /// Its name.
        table: String,
        /// How many columns it has.
        columns: usize,
    },
    /// A column that was not there.
    Column {
        /// Its full name.
        column: String,
        /// Its type and what else is known of it.
        is: String,
    },
    /// A column that is another one now.
    Changed {
        /// Its full name.
        column: String,
        /// What it was.
        was: String,
        /// What it is.
        is: String,
    },
    /// A label that was not there.
    Label {
        /// The enum.
        of: String,
        /// The label.
        label: String,
    },
    /// A foreign key that was not there.
    Reference {
        /// The key.
        key: String,
    },
    /// Something that is there no more.
    Gone {
        /// What, in words.
        what: String,
    },
}

impl Drift {
    /// Whether something may get out that nobody has looked at. What is gone cannot.
    pub fn is_dangerous(&self) -> bool {
        !matches!(self, Drift::Gone { .. })
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Drift::Table { table, columns } => write!(f, "table {table} is new, with {columns} columns"),
            Drift::Column { column, is } => write!(f, "{column} {is} is new"),
            Drift::Changed { column, was, is } => write!(f, "{column} changed from {was} to {is}"),
            Drift::Label { of, label } => write!(f, "label '{label}' of enum {of} is new"),
            Drift::Reference { key } => write!(f, "foreign key {key} is new"),
            Drift::Gone { what } => write!(f, "{what} is gone, which does no harm"),
        }
    }
}

/// Everything that is different, what is new first.
pub fn drift(old: &Lock, new: &Lock) -> Vec<Drift> {
    let mut found = Vec::new();
    for (table, columns) in &new.tables {
        match old.tables.get(table) {
            Some(before) => of_table(table, before, columns, &mut found),
            None => found.push(Drift::Table { table: table.to_string(), columns: columns.len() }),
        }
    }
    for (name, labels) in &new.enums {
        let before = old.enums.get(name);
        // An enum that is new as a whole is told by the columns of its type.
        for label in labels.iter().filter(|label| before.is_some_and(|before| !before.contains(label))) {
            found.push(Drift::Label { of: name.to_string(), label: label.clone() });
        }
    }
    let added = new.references.iter().filter(|key| !old.references.contains(key));
    found.extend(added.map(|key| Drift::Reference { key: key.clone() }));
    found.extend(gone(old, new).into_iter().map(|what| Drift::Gone { what }));
    found
}

fn of_table(table: &TablePath, old: &BTreeMap<String, String>, new: &BTreeMap<String, String>, found: &mut Vec<Drift>) {
    for (name, is) in new {
        let column = ColumnPath::of(table, name).to_string();
        match old.get(name) {
            None => found.push(Drift::Column { column, is: is.clone() }),
            Some(was) if was != is => found.push(Drift::Changed { column, was: was.clone(), is: is.clone() }),
            Some(_) => {}
        }
    }
}

fn gone(old: &Lock, new: &Lock) -> Vec<String> {
    let mut gone = Vec::new();
    for (table, columns) in &old.tables {
        let Some(now) = new.tables.get(table) else {
            gone.push(format!("table {table}"));
            continue;
        };
        let missing = columns.keys().filter(|name| !now.contains_key(*name));
        gone.extend(missing.map(|name| ColumnPath::of(table, name).to_string()));
    }
    for (name, labels) in &old.enums {
        match new.enums.get(name) {
            None => gone.push(format!("enum {name}")),
            Some(now) => gone.extend(
                labels
                    .iter()
                    .filter(|label| !now.contains(label))
                    .map(|label| format!("label '{label}' of enum {name}")),
            ),
        }
    }
    let keys = old.references.iter().filter(|key| !new.references.contains(key));
    gone.extend(keys.map(|key| format!("foreign key {key}")));
    gone
}

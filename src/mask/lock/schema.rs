//! The locked schema of one database.

use std::collections::BTreeMap;

use crate::config::TablePath;
use crate::pg::catalog::{Column, ForeignKey, Form, Table};

/// Schema of one database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lock {
    /// Columns by table: names with types.
    pub tables: BTreeMap<TablePath, BTreeMap<String, String>>,
    /// Labels by enum, in the order of the type.
    pub enums: BTreeMap<TablePath, Vec<String>>,
    /// Declared foreign keys, sorted: `public.posts (author) -> public.users (id)`.
    pub references: Vec<String>,
}

impl Lock {
    /// Schema of a database from its catalog.
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
            table.insert(column.name.clone(), describe(column, foreign));
            if column.base.form == 'e' {
                let name = TablePath { schema: column.base.schema.clone(), table: column.base.name.clone() };
                lock.enums.insert(name, column.base.labels.clone());
            }
        }
        lock.references = keys.iter().map(render_key).collect();
        lock.references.sort();
        // Two keys on the same columns are one entry.
        lock.references.dedup();
        lock
    }
}

/// A column's type with the attributes that affect its mask.
fn describe(column: &Column, foreign: bool) -> String {
    let mut text = plain_type(&column.declared);
    let attributes = [
        (column.not_null, "not null"),
        (column.generated, "generated"),
        (column.identity, "identity"),
        (foreign, "foreign"),
    ];
    for (_, attribute) in attributes.into_iter().filter(|(is, _)| *is) {
        text.push(' ');
        text.push_str(attribute);
    }
    text
}

/// A type without quotation marks and `pg_catalog`: `"pg_catalog"."varchar"(80)` becomes `varchar(80)`.
pub(super) fn plain_type(declared: &str) -> String {
    let bare = declared.strip_prefix("\"pg_catalog\".").unwrap_or(declared);
    let mut text = String::new();
    let mut rest = bare;
    // Names that need no quotation marks lose them.
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

fn render_key(key: &ForeignKey) -> String {
    let names =
        |names: &[String]| names.iter().map(|name| crate::config::quote_name(name)).collect::<Vec<_>>().join(", ");
    let table = |schema: &str, table: &str| TablePath { schema: schema.to_owned(), table: table.to_owned() };
    let from = table(&key.schema, &key.table);
    format!("{from} ({}) -> {} ({})", names(&key.columns), table(&key.to_schema, &key.to_table), names(&key.to_columns))
}

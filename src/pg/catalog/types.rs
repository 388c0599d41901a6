//! Reads types: what domains, arrays, ranges and composite types consist of.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::column::{Column, Type};
use crate::pg::{Result, Session, identifier};

/// All types of the database.
pub(super) struct Types {
    raw: BTreeMap<u32, Raw>,
    labels: BTreeMap<u32, Vec<String>>,
    /// The type of a range's bounds, or a multirange's range.
    inner: BTreeMap<u32, u32>,
}

/// A row of `pg_type`.
struct Raw {
    name: String,
    form: char,
    schema: String,
    base: u32,
    typmod: i32,
    not_null: bool,
    element: u32,
    array: bool,
    relation: u32,
}

/// The type below a domain or an array.
pub(super) struct Below {
    pub oid: u32,
    /// The modifier that a domain gives to the type below; `None` for an array.
    pub domain: Option<i32>,
    /// Whether the domain refuses NULL.
    pub not_null: bool,
}

impl Types {
    /// Reads all types.
    pub(super) async fn read(session: &Session) -> Result<Types> {
        let rows = session
            .query(
                "SELECT t.oid, t.typname::text, t.typtype::text, n.nspname::text, t.typbasetype, t.typtypmod, t.typnotnull, t.typelem, \
                        t.typelem <> 0 AND t.typcategory = 'A' AND t.typlen = -1, t.typrelid \
                 FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace",
                &[],
            )
            .await?;
        let raw = |row: &tokio_postgres::Row| Raw {
            name: row.get(1),
            form: row.get::<_, String>(2).chars().next().unwrap_or('?'),
            schema: row.get(3),
            base: row.get(4),
            typmod: row.get(5),
            not_null: row.get(6),
            element: row.get(7),
            array: row.get(8),
            relation: row.get(9),
        };
        let raw = rows.iter().map(|row| (row.get(0), raw(row))).collect();
        let sql = "SELECT enumtypid, enumlabel::text FROM pg_catalog.pg_enum ORDER BY enumtypid, enumsortorder";
        let mut labels: BTreeMap<u32, Vec<String>> = BTreeMap::new();
        for row in session.query(sql, &[]).await? {
            labels.entry(row.get(0)).or_default().push(row.get(1));
        }
        let sql = "SELECT rngtypid, rngsubtype FROM pg_catalog.pg_range \
                   UNION ALL SELECT rngmultitypid, rngtypid FROM pg_catalog.pg_range";
        let inner = session.query(sql, &[]).await?.iter().map(|row| (row.get(0), row.get(1))).collect();
        Ok(Types { raw, labels, inner })
    }

    /// The type below a domain or an array, or `None` for other types.
    pub(super) fn below(&self, oid: u32) -> Option<Below> {
        let raw = self.raw.get(&oid)?;
        if raw.form == 'd' {
            return Some(Below { oid: raw.base, domain: Some(raw.typmod), not_null: raw.not_null });
        }
        raw.array.then_some(Below { oid: raw.element, domain: None, not_null: false })
    }

    /// A type that is not a domain, without its attributes.
    pub(super) fn base(&self, oid: u32) -> Type {
        let raw = self.raw.get(&oid);
        Type {
            oid,
            schema: raw.map(|raw| raw.schema.clone()).unwrap_or_default(),
            name: raw.map_or_else(|| "?".into(), |raw| raw.name.clone()),
            form: raw.map_or('?', |raw| raw.form),
            labels: self.labels.get(&oid).cloned().unwrap_or_default(),
            inner: self.inner.get(&oid).map(|inner| Arc::new(self.base(*inner))),
            attributes: Arc::default(),
        }
    }

    /// The type with its attributes, recursively, from the columns of all relations. A type never contains itself.
    pub(super) fn with_attributes(&self, base: Type, columns: &BTreeMap<u32, Vec<Column>>) -> Type {
        let relation = self.raw.get(&base.oid).filter(|raw| raw.form == 'c').map(|raw| raw.relation);
        let Some(own) = relation.and_then(|relation| columns.get(&relation)) else { return base };
        let completed = |column: &Column| Column {
            base: self.with_attributes(column.base.clone(), columns),
            unique: Vec::new(),
            // A row type has no constraints of its table, but those of its domains.
            checks: column.checks.iter().filter(|check| check.of_domain).cloned().collect(),
            ..column.clone()
        };
        Type { attributes: Arc::new(own.iter().map(completed).collect()), ..base }
    }

    /// The type as a cast takes it. `format_type` quotes names, but qualifies only those outside of the session's
    /// search path, and other sessions have other paths.
    pub(super) fn declared(&self, oid: u32, modifier: i32, formatted: String) -> String {
        let Some(raw) = self.raw.get(&oid) else { return formatted };
        let suffix = formatted.find('(').and_then(|from| {
            let to = formatted[from..].find(')')?;
            // A quoted name may contain parentheses; a modifier consists of digits.
            let modifier = &formatted[from..=from + to];
            modifier[1..modifier.len() - 1]
                .chars()
                .all(|c| c.is_ascii_digit() || c == ',' || c == '-')
                .then_some(modifier)
        });
        let element = self.raw.get(&raw.element).filter(|_| raw.array);
        let interval = element.unwrap_or(raw).is_interval().then(|| fields(modifier));
        let suffix = interval.as_deref().or(suffix).unwrap_or_default();
        let qualified = |raw: &Raw| format!("{}.{}", identifier(&raw.schema), identifier(&raw.name));
        match element {
            Some(element) => format!("{}{suffix}[]", qualified(element)),
            None => format!("{}{suffix}", qualified(raw)),
        }
    }
}

impl Raw {
    fn is_interval(&self) -> bool {
        self.schema == "pg_catalog" && self.name == "interval"
    }
}

/// The modifier of an interval as numbers: a qualified name does not take the words of `interval day to second(3)`.
fn fields(modifier: i32) -> String {
    const ANY_PRECISION: i32 = 0xFFFF;
    let (fields, precision) = ((modifier >> 16) & 0x7FFF, modifier & 0xFFFF);
    match precision {
        _ if modifier < 0 => String::new(),
        ANY_PRECISION => format!("({fields})"),
        precision => format!("({fields},{precision})"),
    }
}

//! Reads foreign keys.

use super::USER_SCHEMAS;
use crate::pg::{Result, Session};

/// A declared foreign key. One of a partitioned table, or that references one, is listed once, without its partitions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ForeignKey {
    /// Schema of the referencing table.
    pub schema: String,
    /// The referencing table.
    pub table: String,
    /// Its name; unique within the table only.
    pub name: String,
    /// The referencing columns.
    pub columns: Vec<String>,
    /// Schema of the referenced table.
    pub to_schema: String,
    /// The referenced table.
    pub to_table: String,
    /// The referenced columns, in the order of `columns`; not always the primary key.
    pub to_columns: Vec<String>,
    /// Whether a NULL in one column requires NULL in all (`MATCH FULL`).
    pub full: bool,
    /// Whether it may be checked at the end of a transaction.
    pub deferrable: bool,
    /// Whether existing rows were checked; otherwise some may reference no row.
    pub validated: bool,
}

/// Reads the foreign keys of all tables, in the order of schema, table and name.
///
/// # Errors
/// Server errors.
pub async fn foreign_keys(session: &Session) -> Result<Vec<ForeignKey>> {
    // From pg_constraint: information_schema shows only what the role owns, and joins constraints by name. The copy of
    // a partition has a parent.
    let names = |key: &str, table: &str| {
        format!(
            "ARRAY(SELECT a.attname::text FROM pg_catalog.unnest(k.{key}) WITH ORDINALITY AS u (attnum, place) \
             JOIN pg_catalog.pg_attribute a ON a.attrelid = k.{table} AND a.attnum = u.attnum ORDER BY u.place)"
        )
    };
    let rows = session
        .query(
            &format!(
                "SELECT n.nspname::text, c.relname::text, k.conname::text, {}, tn.nspname::text, t.relname::text, {}, \
                        k.confmatchtype = 'f', k.condeferrable, k.convalidated \
                 FROM pg_catalog.pg_constraint k \
                 JOIN pg_catalog.pg_class c ON c.oid = k.conrelid \
                 JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                 JOIN pg_catalog.pg_class t ON t.oid = k.confrelid \
                 JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace \
                 WHERE k.contype = 'f' AND k.conparentid = 0 AND {USER_SCHEMAS} \
                 ORDER BY n.nspname, c.relname, k.conname",
                names("conkey", "conrelid"),
                names("confkey", "confrelid"),
            ),
            &[],
        )
        .await?;
    let key = |row: &tokio_postgres::Row| ForeignKey {
        schema: row.get(0),
        table: row.get(1),
        name: row.get(2),
        columns: row.get(3),
        to_schema: row.get(4),
        to_table: row.get(5),
        to_columns: row.get(6),
        full: row.get(7),
        deferrable: row.get(8),
        validated: row.get(9),
    };
    Ok(rows.iter().map(key).collect())
}

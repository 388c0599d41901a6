//! Tables, with their place in partition trees and among parents, and how big they are.

use std::collections::BTreeMap;

use crate::pg::{Result, Session};

use super::OWN;

/// An ordinary, partitioned or foreign table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// What it is.
    pub form: Form,
    /// Of a partition, whatever its level, the schema and name of the table at the top.
    pub root: Option<(String, String)>,
    /// Schema and name of tables that it inherits from directly; of a partition, the one it is part of.
    pub parents: Vec<(String, String)>,
    /// Columns of the primary key, in its order; empty without one.
    pub primary_key: Vec<String>,
    /// How many rows the server believes it has, without children and partitions; none before it was
    /// counted.
    pub rows: Option<u64>,
    /// Bytes on disk with indexes and TOAST, without children and partitions.
    pub bytes: u64,
}

/// What a table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// One with rows of its own.
    Ordinary,
    /// One whose rows are in its partitions.
    Partitioned,
    /// One whose rows are elsewhere.
    Foreign,
}

impl Table {
    /// `schema.table` for messages.
    pub fn path(&self) -> String {
        format!("{}.{}", self.schema, self.name)
    }
}

/// All tables, in the order of schema and name.
///
/// # Errors
/// What the server says.
pub async fn tables(session: &Session) -> Result<Vec<Table>> {
    let mut parents = parents(session).await?;
    // A size is NULL when the table is dropped meanwhile. Before 14 rows were 0 when not counted, since
    // then -1.
    let rows = session
        .query(
            &format!(
                "SELECT c.oid, n.nspname::text, c.relname::text, c.relkind::text, c.reltuples::float8, \
                        COALESCE(pg_catalog.pg_total_relation_size(c.oid::pg_catalog.regclass), 0), \
                        rn.nspname::text, r.relname::text, \
                        ARRAY(SELECT a.attname::text FROM pg_catalog.pg_constraint k \
                              CROSS JOIN pg_catalog.unnest(k.conkey) WITH ORDINALITY AS u (attnum, place) \
                              JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.attnum \
                              WHERE k.conrelid = c.oid AND k.contype = 'p' ORDER BY u.place) \
                 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                 LEFT JOIN pg_catalog.pg_class r ON c.relispartition AND r.oid = pg_catalog.pg_partition_root(c.oid::pg_catalog.regclass)::oid \
                 LEFT JOIN pg_catalog.pg_namespace rn ON rn.oid = r.relnamespace \
                 WHERE c.relkind IN ('r', 'p', 'f') AND {OWN} ORDER BY n.nspname, c.relname"
            ),
            &[],
        )
        .await?;
    let table = |row: &tokio_postgres::Row| {
        let counted: f64 = row.get(4);
        Table {
            schema: row.get(1),
            name: row.get(2),
            form: match row.get::<_, String>(3).as_str() {
                "p" => Form::Partitioned,
                "f" => Form::Foreign,
                _ => Form::Ordinary,
            },
            root: row.get::<_, Option<String>>(6).zip(row.get(7)),
            parents: parents.remove(&row.get(0)).unwrap_or_default(),
            primary_key: row.get(8),
            // Estimates have no fraction, and a float holds every count that a table can have.
            rows: (counted >= 0.0).then_some(counted as u64),
            bytes: u64::try_from(row.get::<_, i64>(5)).unwrap_or_default(),
        }
    };
    Ok(rows.iter().map(table).collect())
}

async fn parents(session: &Session) -> Result<BTreeMap<u32, Vec<(String, String)>>> {
    let rows = session
        .query(
            "SELECT i.inhrelid, n.nspname::text, p.relname::text FROM pg_catalog.pg_inherits i \
             JOIN pg_catalog.pg_class p ON p.oid = i.inhparent JOIN pg_catalog.pg_namespace n ON n.oid = p.relnamespace \
             WHERE p.relkind IN ('r', 'p', 'f') ORDER BY i.inhrelid, i.inhseqno",
            &[],
        )
        .await?;
    let mut parents: BTreeMap<u32, Vec<(String, String)>> = BTreeMap::new();
    for row in rows {
        parents.entry(row.get(0)).or_default().push((row.get(1), row.get(2)));
    }
    Ok(parents)
}

//! Reads tables with their size, partition tree and parents.

use std::collections::BTreeMap;

use super::USER_SCHEMAS;
use crate::pg::{Result, Session};

/// An ordinary, partitioned or foreign table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub form: Form,
    /// Schema and name of a partition's topmost table.
    pub root: Option<(String, String)>,
    /// Schema and name of the tables it inherits from directly, or of which it is a partition.
    pub parents: Vec<(String, String)>,
    /// Columns of the primary key in order; empty if there is none.
    pub primary_key: Vec<String>,
    /// The server's estimate of its rows, without children and partitions; `None` before the first ANALYZE.
    pub rows: Option<u64>,
    /// Bytes on disk with indexes and TOAST, without children and partitions.
    pub bytes: u64,
}

/// The kind of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// With rows of its own.
    Ordinary,
    /// Its rows are in its partitions.
    Partitioned,
    /// Its rows are elsewhere.
    Foreign,
}

impl Table {
    /// `schema.table` for messages.
    pub fn path(&self) -> String {
        format!("{}.{}", self.schema, self.name)
    }
}

/// Reads all tables, in the order of schema and name.
///
/// # Errors
/// Server errors.
pub async fn tables(session: &Session) -> Result<Vec<Table>> {
    let mut parents = parents(session).await?;
    // A size is NULL if the table is dropped meanwhile. An unknown estimate is -1, before version 14 it is 0.
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
                 WHERE c.relkind IN ('r', 'p', 'f') AND {USER_SCHEMAS} ORDER BY n.nspname, c.relname"
            ),
            &[],
        )
        .await?;
    let table = |row: &tokio_postgres::Row| {
        let estimate: f64 = row.get(4);
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
            // Estimates are whole numbers, far below the limit of exact ones in a float.
            rows: (estimate >= 0.0).then_some(estimate as u64),
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

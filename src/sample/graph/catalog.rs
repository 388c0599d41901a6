//! The part of the source's catalog that a sample needs.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::TablePath;
use crate::pg::catalog::{self, Column, ForeignKey, Index, Operators};
use crate::pg::{Result, Session};

/// Tables, columns, foreign keys and indexes of a database.
#[derive(Clone, Debug)]
pub struct Catalog {
    pub(super) tables: Vec<catalog::Table>,
    pub(super) columns: Vec<Column>,
    pub(super) keys: Vec<ForeignKey>,
    /// Equality operators of foreign keys, by schema, table and constraint.
    pub(super) operators: BTreeMap<(String, String, String), Operators>,
    pub(super) indexes: Vec<Index>,
    /// The `tableoid` of each relation that can have rows.
    pub(super) oids: BTreeMap<TablePath, i64>,
    /// Tables that belong to an extension.
    pub(super) extension_tables: BTreeSet<TablePath>,
}

impl Catalog {
    /// Reads the catalog.
    ///
    /// # Errors
    /// When a query fails.
    pub async fn read(session: &Session) -> Result<Catalog> {
        let rows = session
            .query(
                "SELECT n.nspname::text, c.relname::text, c.oid::int8, EXISTS (SELECT FROM pg_catalog.pg_depend d \
                        WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e') \
                 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                 WHERE c.relkind IN ('r', 'p')",
                &[],
            )
            .await?;
        let (mut oids, mut extension_tables) = (BTreeMap::new(), BTreeSet::new());
        for row in rows {
            let path = TablePath { schema: row.get(0), table: row.get(1) };
            if row.get(3) {
                extension_tables.insert(path.clone());
            }
            oids.insert(path, row.get(2));
        }
        Ok(Catalog {
            tables: catalog::tables(session).await?,
            columns: catalog::columns(session).await?,
            keys: catalog::foreign_keys(session).await?,
            operators: catalog::operators(session).await?,
            indexes: catalog::indexes(session).await?,
            oids,
            extension_tables,
        })
    }

    /// Columns of all tables, for compiling masks.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }
}

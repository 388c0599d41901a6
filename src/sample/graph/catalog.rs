//! What is read of a source's catalog.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::TablePath;
use crate::pg::catalog::{self, Column, ForeignKey, Index, Operators, Table};
use crate::pg::{Result, Session};

/// The catalog, as far as a sample goes.
#[derive(Clone, Debug)]
pub struct Catalog {
    pub(super) tables: Vec<Table>,
    pub(super) columns: Vec<Column>,
    pub(super) keys: Vec<ForeignKey>,
    pub(super) operators: BTreeMap<(String, String, String), Operators>,
    pub(super) indexes: Vec<Index>,
    /// Of every relation with rows, its `tableoid`.
    pub(super) oids: BTreeMap<TablePath, i64>,
    /// Tables that an extension brings along.
    pub(super) brought: BTreeSet<TablePath>,
}

impl Catalog {
    /// Reads it.
    ///
    /// # Errors
    /// What the server says.
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
        let (mut oids, mut brought) = (BTreeMap::new(), BTreeSet::new());
        for row in rows {
            let path = TablePath { schema: row.get(0), table: row.get(1) };
            if row.get(3) {
                brought.insert(path.clone());
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
            brought,
        })
    }

    /// Columns of all tables, for compiling masks.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }
}

//! What coverage reads from a database.

use crate::config::TablePath;
use crate::pg::catalog::{self, Column, ForeignKey, Table};
use crate::pg::{self, Session};

/// Columns, tables and foreign keys of a database.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    /// All columns, including those of partitions.
    pub columns: Vec<Column>,
    /// All tables.
    pub tables: Vec<Table>,
    /// Declared foreign keys.
    pub foreign_keys: Vec<ForeignKey>,
}

impl Catalog {
    /// Reads the catalog of the session's database.
    ///
    /// # Errors
    /// Server errors.
    pub async fn read(session: &Session) -> pg::Result<Catalog> {
        Ok(Catalog {
            columns: catalog::columns(session).await?,
            tables: catalog::tables(session).await?,
            foreign_keys: catalog::foreign_keys(session).await?,
        })
    }
}

/// A column by table and name.
pub(super) type ColumnKey = (TablePath, String);

/// Table of a column.
pub(super) fn table_of(column: &Column) -> TablePath {
    TablePath { schema: column.schema.clone(), table: column.table.clone() }
}

/// Table and name of a column.
pub(super) fn key_of(column: &Column) -> ColumnKey {
    (table_of(column), column.name.clone())
}

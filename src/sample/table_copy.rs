//! The tables of a sample, and the connection of `pg_dump` to the same snapshot.

use std::net::SocketAddr;
use std::path::PathBuf;

use secrecy::SecretString;

use super::graph::GraphTable;
use crate::discover::audit::is_scannable_in_binary;
use crate::pg::catalog::Column;

/// A table of the source as it is copied. A partitioned table is one table, its root, through which rows are loaded. A
/// child of ordinary inheritance is a table of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableCopy {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub table: String,
    /// The columns in the order of the stream, which is that of the table, without generated columns. They are the list
    /// of `COPY schema.table (columns) FROM STDIN`.
    pub columns: Vec<String>,
    /// The type of each of `columns`, as [`Column::declared`] has it.
    pub types: Vec<String>,
    /// Whether the stream is in binary format; otherwise it is the text format with its defaults.
    pub binary: bool,
    /// The number of selected rows.
    pub rows: u64,
    /// The estimated size of their stream in bytes.
    pub bytes: u64,
}

impl TableCopy {
    /// Returns a table of the graph, without rows.
    pub(super) fn of(table: &GraphTable) -> TableCopy {
        let columns: Vec<&Column> = table.columns.iter().filter(|column| !column.generated).collect();
        TableCopy {
            schema: table.path.schema.clone(),
            table: table.path.table.clone(),
            columns: columns.iter().map(|column| column.name.clone()).collect(),
            types: columns.iter().map(|column| column.declared.clone()).collect(),
            binary: columns.iter().all(|column| is_portable_in_binary(column) && is_scannable_in_binary(column)),
            rows: 0,
            bytes: 0,
        }
    }
}

/// Whether a column's binary form has the same meaning in every database. Types that contain object identifiers do not.
fn is_portable_in_binary(column: &Column) -> bool {
    let base = &column.base;
    let is_built_in = base.schema == "pg_catalog" && base.oid < 10_000;
    match base.form {
        'b' => is_built_in && !base.name.starts_with("reg") && base.name != "aclitem" && !base.name.starts_with("pg_"),
        'e' => !column.array,
        'r' | 'm' => is_built_in,
        _ => false,
    }
}

/// How `pg_dump` connects to the source and to the snapshot of the rows.
#[derive(Clone, Debug)]
pub struct DumpConnection {
    /// The address of the server, or of the local end of a tunnel (`PGHOSTADDR`, `PGPORT`).
    pub address: SocketAddr,
    /// The name that the server's certificate must have (`PGHOST` with `PGSSLMODE=verify-full`). `None` on the local
    /// machine, where TLS is not used (`PGSSLMODE=disable`).
    pub server_name: Option<String>,
    /// The file with the certificate authorities (`PGSSLROOTCERT`). `None` means the built-in ones of RDS.
    pub root_cert: Option<PathBuf>,
    /// The role (`PGUSER`).
    pub user: String,
    /// Its password (`PGPASSWORD`, never argv).
    pub password: SecretString,
    /// The database (`PGDATABASE`).
    pub database: String,
    /// The exported snapshot, for `pg_dump --snapshot` and `SET TRANSACTION SNAPSHOT`. It is valid while the
    /// [`Extraction`](super::Extraction) exists.
    pub snapshot: String,
}

//! What a sample is made of: its tables, and how `pg_dump` comes to the same snapshot.

use std::net::SocketAddr;
use std::path::PathBuf;

use secrecy::SecretString;

/// One table of the source as it is copied. A partitioned table is one table: its root; rows go in
/// through the root. A child of ordinary inheritance is a table of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableCopy {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub table: String,
    /// Columns in the order of the stream, which is the table's own: all but the generated ones. Stands in
    /// `COPY schema.table (columns) FROM STDIN`.
    pub columns: Vec<String>,
    /// The type of each column in `columns`, as [`Column::declared`](crate::pg::catalog::Column::declared) writes it.
    pub types: Vec<String>,
    /// Whether both sides write `WITH (FORMAT binary)`; otherwise it is the text format with its defaults.
    pub binary: bool,
    /// Rows that are selected.
    pub rows: u64,
    /// Bytes that these are expected to have in the stream.
    pub bytes: u64,
}

/// How `pg_dump` and other programs come to the source, and to the snapshot that the rows are from.
#[derive(Clone, Debug)]
pub struct DumpConnection {
    /// Address to dial: of the server, or of this machine's end of a tunnel (`PGHOSTADDR`, `PGPORT`).
    pub address: SocketAddr,
    /// The name that the certificate must be for (`PGHOST` with `PGSSLMODE=verify-full`); none on this machine,
    /// where there is no TLS (`PGSSLMODE=disable`).
    pub server_name: Option<String>,
    /// File with the certificate authorities (`PGSSLROOTCERT`); without one, the built-in ones of RDS.
    pub root_cert: Option<PathBuf>,
    /// Role (`PGUSER`).
    pub user: String,
    /// Its password (`PGPASSWORD`, never argv).
    pub password: SecretString,
    /// Database (`PGDATABASE`).
    pub database: String,
    /// Exported snapshot, for `pg_dump --snapshot` and `SET TRANSACTION SNAPSHOT`. It is valid as long as the
    /// [`Extraction`](super::Extraction) lives.
    pub snapshot: String,
}

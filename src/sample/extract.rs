//! What the writing half of a sample is given: the tables, the bytes of their rows, and how `pg_dump`
//! comes to the same snapshot.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::Stream;
use secrecy::SecretString;

use crate::pg::Result;

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

/// The bytes of one `COPY … TO STDOUT`, from its beginning to its end, in pieces of any length.
pub type Copy = Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>;

/// How `pg_dump` and other programs come to the source, and to the snapshot that the rows are from.
#[derive(Clone, Debug)]
pub struct Dump {
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
    /// [`Extract`] lives.
    pub snapshot: String,
}

/// A selected sample that can be read: masked at the source, all of it from one snapshot. Dropping it ends
/// the transactions on the source.
#[async_trait]
pub trait Extract: Send + Sync {
    /// Every table of the database, those without selected rows too, in the order of schema and name.
    /// Foreign tables and partitions are none.
    fn tables(&self) -> &[TableCopy];

    /// Into how many streams a table's rows are split, at least 1; each may be read by itself, at the same
    /// time as others. `table` is an index into [`Extract::tables`].
    ///
    /// # Errors
    /// What the server says.
    async fn parts(&self, table: usize) -> Result<usize>;

    /// Begins one stream: a whole `COPY`, in binary with its own header and trailer. Waits while all
    /// connections to the source are busy. Dropping it before its end cancels the query on the server.
    ///
    /// # Errors
    /// What the server says. A conflict with recovery on a standby is one that
    /// [`is_conflict`](super::is_conflict) knows: the sample is then selected and read again from a new snapshot.
    async fn copy(&self, table: usize, part: usize) -> Result<Copy>;

    /// Ends the transactions on the source: everything was read.
    async fn release(&self);

    /// The source's `server_version_num`, such as `150018`.
    fn source_version(&self) -> u32;

    /// How `pg_dump` reads the schema from the same snapshot.
    fn source_url_for_dump(&self) -> &Dump;
}

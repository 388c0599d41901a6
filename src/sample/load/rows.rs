//! The rows of a sample as COPY streams, and copying one stream into a table.

use std::pin::{Pin, pin};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt, Stream, StreamExt};
use sha2::{Digest, Sha256};

use super::error::{Error, Result};
use crate::digest::{hex, sha256};
use crate::pg::{self, Session, identifier};
use crate::sample::TableCopy;

/// The size of the messages that are sent to a server, in bytes. A server sends rows one by one; they are collected.
const CHUNK: usize = 64 * 1024;

/// The bytes of one COPY stream.
pub type Bytestream = Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>;

/// The rows of a sample: in a spool after they were read from the source, or in an archive.
#[async_trait]
pub trait Rows: Send + Sync {
    /// Returns all tables, sorted by schema and name, with those without rows.
    fn tables(&self) -> &[TableCopy];

    /// Returns the source's major version.
    fn major(&self) -> u32;

    /// Returns the number of streams that the rows of a table are split into: at least 1 if it has rows. Streams can be
    /// read independently and at the same time.
    fn parts(&self, table: usize) -> usize;

    /// Returns one of these streams. A binary one has its own header and trailer.
    async fn copy(&self, table: usize, part: usize) -> Result<Bytestream>;
}

/// The totals of a copied table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CopiedTable {
    /// The number of rows, as counted by the server.
    pub rows: u64,
    /// The size of the streams in bytes.
    pub bytes: u64,
    /// The SHA-256 of the stream; of several streams, the SHA-256 of their hashes in order.
    pub sha256: String,
}

/// The totals of a copied stream.
pub(super) struct CopiedStream {
    rows: u64,
    bytes: u64,
    sha256: [u8; 32],
}

impl CopiedTable {
    /// Returns the totals of a table from those of its streams, in order.
    pub(super) fn of(streams: &[&CopiedStream]) -> CopiedTable {
        let sha256 = match streams {
            [one] => hex(&one.sha256),
            several => sha256(several.iter().map(|stream| stream.sha256).collect::<Vec<_>>().concat()),
        };
        let rows = streams.iter().map(|stream| stream.rows).sum();
        let bytes = streams.iter().map(|stream| stream.bytes).sum();
        CopiedTable { rows, bytes, sha256 }
    }
}

/// Copies one stream into a table. `moved` receives the number of bytes of each message.
pub(super) async fn copy_in(
    session: &Session,
    table: &TableCopy,
    freeze: bool,
    stream: Bytestream,
    moved: impl Fn(u64),
) -> Result<CopiedStream> {
    let failed = |error| Error::Copy { table: table.path(), error };
    let sql = statement(table, freeze);
    let of = |error: tokio_postgres::Error| failed(pg::Error::of(error, &sql));
    let mut sink = pin!(session.copy_in::<Bytes>(&sql).await.map_err(of)?);
    let (mut hash, mut bytes, mut chunk) = (Sha256::new(), 0, BytesMut::with_capacity(2 * CHUNK));
    let mut stream = stream;
    while let Some(piece) = stream.next().await {
        let piece = piece?;
        hash.update(&piece);
        bytes += piece.len() as u64;
        chunk.extend_from_slice(&piece);
        if chunk.len() >= CHUNK {
            moved(chunk.len() as u64);
            sink.send(chunk.split().freeze()).await.map_err(of)?;
        }
    }
    if !chunk.is_empty() {
        moved(chunk.len() as u64);
        sink.send(chunk.freeze()).await.map_err(of)?;
    }
    let rows = sink.finish().await.map_err(of)?;
    Ok(CopiedStream { rows, bytes, sha256: hash.finalize().into() })
}

fn statement(table: &TableCopy, freeze: bool) -> String {
    let columns: Vec<String> = table.columns.iter().map(|column| identifier(column)).collect();
    let columns = if columns.is_empty() { String::new() } else { format!(" ({})", columns.join(", ")) };
    let mut options = Vec::new();
    options.extend(table.binary.then_some("FORMAT binary"));
    options.extend(freeze.then_some("FREEZE"));
    let options = if options.is_empty() { String::new() } else { format!(" WITH ({})", options.join(", ")) };
    format!("COPY {}{columns} FROM STDIN{options}", table.sql())
}

impl TableCopy {
    /// Returns `schema.table` for messages.
    pub fn path(&self) -> String {
        format!("{}.{}", self.schema, self.table)
    }

    /// Returns the quoted name for SQL.
    pub fn sql(&self) -> String {
        format!("{}.{}", identifier(&self.schema), identifier(&self.table))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_copy_statement_names_its_columns() {
        let mut table = TableCopy {
            schema: "app".into(),
            table: "t\"x".into(),
            columns: vec!["a".into(), "B".into()],
            types: vec!["a".into(), "b".into()],
            binary: true,
            rows: 1,
            bytes: 1,
        };
        assert_eq!(statement(&table, true), r#"COPY "app"."t""x" ("a", "B") FROM STDIN WITH (FORMAT binary, FREEZE)"#);
        (table.columns, table.binary) = (Vec::new(), false);
        assert_eq!(statement(&table, false), r#"COPY "app"."t""x" FROM STDIN"#);
    }
}

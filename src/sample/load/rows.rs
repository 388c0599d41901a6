//! Rows on their way into a database.

use std::pin::{Pin, pin};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures_util::{SinkExt, Stream, StreamExt};
use sha2::{Digest, Sha256};

use crate::digest::{hex, sha256};
use crate::pg::{self, Session, identifier};
use crate::sample::TableCopy;
use crate::sample::load::error::{Error, Result};

/// Pieces sent to a server have about this many bytes; a server hands out rows one by one.
const CHUNK: usize = 64 * 1024;

/// The bytes of one `COPY`.
pub type Bytestream = Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>;

/// The rows of a sample on their way: kept here after they were read, or in an archive.
#[async_trait]
pub trait Rows: Send + Sync {
    /// The tables, in the order of schema and name, those without rows too.
    fn tables(&self) -> &[TableCopy];

    /// The source's major version.
    fn major(&self) -> u32;

    /// Into how many streams a table's rows are split, at least 1 where it has some; each may be read by itself, at the
    /// same time as others.
    fn parts(&self, table: usize) -> usize;

    /// One of these streams, with its own header and trailer in binary.
    async fn copy(&self, table: usize, part: usize) -> Result<Bytestream>;
}

/// What went into a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// Rows that the server counted.
    pub rows: u64,
    /// Bytes of the streams.
    pub bytes: u64,
    /// SHA-256 of the stream; of several streams, of their hashes in order.
    pub sha256: String,
}

/// Copies one stream into a table; answers rows, bytes and the hash of the bytes.
pub(super) async fn copy_in(
    session: &Session,
    table: &TableCopy,
    freeze: bool,
    stream: Bytestream,
    moved: impl Fn(u64),
) -> Result<(u64, u64, [u8; 32])> {
    let failed = |error| Error::Copy { table: table.path(), error };
    let sql = statement(table, freeze);
    let of = |error: tokio_postgres::Error| failed(pg::Error::of(error, &sql));
    let mut sink = pin!(session.client().copy_in::<_, Bytes>(&sql).await.map_err(of)?);
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
    Ok((rows, bytes, hash.finalize().into()))
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

/// The hash of a table from those of its streams.
pub(super) fn combine(parts: &[[u8; 32]]) -> String {
    match parts {
        [one] => hex(one),
        several => sha256(several.concat()),
    }
}

impl TableCopy {
    /// `schema.table` for messages.
    pub fn path(&self) -> String {
        format!("{}.{}", self.schema, self.table)
    }

    /// It in SQL.
    pub fn sql(&self) -> String {
        format!("{}.{}", identifier(&self.schema), identifier(&self.table))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_statement_names_what_it_takes() {
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

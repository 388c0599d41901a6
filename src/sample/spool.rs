//! The rows of a sample between two servers: in files without a name, on this machine. They are read from the source
//! once, and looked at on the way in; only when nothing in them speaks against it are they written anywhere. The
//! source need not wait for that any longer. However the program ends, the files end with it.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures_util::stream;

use super::TableCopy;
use super::load::error::{Error, Result};
use super::load::{Bytestream, Rows};

/// Bytes that are written or read at a time.
const CHUNK: usize = 256 * 1024;

/// The rows of a sample, kept here.
pub struct Spool {
    tables: Vec<TableCopy>,
    major: u32,
    /// The streams of each table.
    streams: Vec<Vec<Extent>>,
    folder: Arc<Path>,
}

/// Where a stream is.
#[derive(Clone)]
pub(super) struct Extent {
    file: Arc<File>,
    from: u64,
    to: u64,
}

impl Spool {
    /// Of these tables of a source of this major version.
    pub(super) fn new(tables: Vec<TableCopy>, major: u32, streams: Vec<Vec<Extent>>, folder: Arc<Path>) -> Spool {
        Spool { tables, major, streams, folder }
    }

    /// Whether rows can be kept in a folder.
    ///
    /// # Errors
    /// What the file system says.
    pub(super) fn check(folder: &Path) -> Result<()> {
        tempfile::tempfile_in(folder).map(drop).map_err(|error| failed(folder, &error))
    }

    /// Bytes of all rows.
    pub fn bytes(&self) -> u64 {
        self.streams.iter().flatten().map(|extent| extent.to - extent.from).sum()
    }
}

/// A file that takes one stream after the other.
pub(super) struct Writer {
    file: Arc<File>,
    folder: Arc<Path>,
    at: u64,
    gathered: BytesMut,
}

impl Writer {
    /// A file in a folder.
    pub(super) fn new(folder: &Arc<Path>) -> Result<Writer> {
        let file = tempfile::tempfile_in(folder).map_err(|error| failed(folder, &error))?;
        let gathered = BytesMut::with_capacity(2 * CHUNK);
        Ok(Writer { file: Arc::new(file), folder: folder.clone(), at: 0, gathered })
    }

    /// Where the next byte will be.
    pub(super) fn end(&self) -> u64 {
        self.at + self.gathered.len() as u64
    }

    /// Ends the stream that began there.
    pub(super) fn extent(&self, from: u64) -> Extent {
        Extent { file: self.file.clone(), from, to: self.end() }
    }

    /// Takes some bytes.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.gathered.extend_from_slice(bytes);
        if self.gathered.len() < CHUNK { Ok(()) } else { self.flush().await }
    }

    /// Writes what was taken.
    pub(super) async fn flush(&mut self) -> Result<()> {
        let (file, bytes, at) = (self.file.clone(), self.gathered.split().freeze(), self.at);
        self.at += bytes.len() as u64;
        blocking(&self.folder, move || file.write_all_at(&bytes, at)).await
    }
}

#[async_trait]
impl Rows for Spool {
    fn tables(&self) -> &[TableCopy] {
        &self.tables
    }

    fn major(&self) -> u32 {
        self.major
    }

    fn parts(&self, table: usize) -> usize {
        self.streams[table].len()
    }

    async fn copy(&self, table: usize, part: usize) -> Result<Bytestream> {
        let rest = self.streams[table][part].clone();
        let folder = self.folder.clone();
        Ok(Box::pin(stream::try_unfold((rest, folder), async |(rest, folder)| {
            let Extent { file, from, to } = rest;
            if from == to {
                return Ok(None);
            }
            let length = CHUNK.min(usize::try_from(to - from).unwrap_or(CHUNK));
            let reading = file.clone();
            let bytes = blocking(&folder, move || {
                let mut bytes = vec![0; length];
                reading.read_exact_at(&mut bytes, from).map(|()| Bytes::from(bytes))
            })
            .await?;
            Ok(Some((bytes, (Extent { file, from: from + length as u64, to }, folder))))
        })))
    }
}

async fn blocking<T: Send + 'static>(
    folder: &Path,
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(|error| failed(folder, &error)),
        // The runtime is ending.
        Err(_) => Err(Error::Interrupted),
    }
}

fn failed(folder: &Path, error: &std::io::Error) -> Error {
    let why = format!("{error}; rows on their way are kept there (TMPDIR names another folder)");
    Error::File { path: folder.to_owned(), why }
}

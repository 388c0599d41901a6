//! The rows of a sample between two servers, in anonymous temporary files. They are read from the source once and scanned
//! on the way; they are loaded only if the scan finds no personal data. The source's transactions end before the load
//! begins. The files are removed however the program ends.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures_util::stream;

use super::load::error::{Error, Result};
use super::load::{Bytestream, Rows};
use super::table_copy::TableCopy;

/// The bytes that are written or read at a time.
const CHUNK: usize = 256 * 1024;

/// The rows of a sample in temporary files.
pub struct Spool {
    tables: Vec<TableCopy>,
    major: u32,
    /// The streams, by table.
    streams: Vec<Vec<StreamExtent>>,
    folder: Arc<Path>,
}

/// The position of a stream.
#[derive(Clone)]
pub(super) struct StreamExtent {
    file: Arc<File>,
    from: u64,
    to: u64,
}

impl Spool {
    /// Returns the rows of tables of a source with this major version.
    pub(super) fn new(tables: Vec<TableCopy>, major: u32, streams: Vec<Vec<StreamExtent>>, folder: Arc<Path>) -> Spool {
        Spool { tables, major, streams, folder }
    }

    /// Checks that files can be created in a folder.
    ///
    /// # Errors
    /// When creating a file fails.
    pub(super) fn check(folder: &Path) -> Result<()> {
        tempfile::tempfile_in(folder).map(drop).map_err(|error| failed(folder, &error))
    }

    /// The bytes of all rows.
    pub fn bytes(&self) -> u64 {
        self.streams.iter().flatten().map(|extent| extent.to - extent.from).sum()
    }
}

/// Writes streams one after the other to a file.
pub(super) struct SpoolWriter {
    file: Arc<File>,
    folder: Arc<Path>,
    /// The bytes written to the file.
    written: u64,
    buffer: BytesMut,
}

impl SpoolWriter {
    /// Creates an anonymous file in a folder.
    pub(super) fn new(folder: &Arc<Path>) -> Result<SpoolWriter> {
        let file = tempfile::tempfile_in(folder).map_err(|error| failed(folder, &error))?;
        let buffer = BytesMut::with_capacity(2 * CHUNK);
        Ok(SpoolWriter { file: Arc::new(file), folder: folder.clone(), written: 0, buffer })
    }

    /// The position of the next byte.
    pub(super) fn end(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    /// Returns the extent of the stream that began at a position and ends here.
    pub(super) fn extent(&self, from: u64) -> StreamExtent {
        StreamExtent { file: self.file.clone(), from, to: self.end() }
    }

    /// Adds bytes to the stream.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() < CHUNK { Ok(()) } else { self.flush().await }
    }

    /// Writes the buffered bytes to the file.
    pub(super) async fn flush(&mut self) -> Result<()> {
        let (file, bytes, at) = (self.file.clone(), self.buffer.split().freeze(), self.written);
        self.written += bytes.len() as u64;
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
        let extent = self.streams[table][part].clone();
        let folder = self.folder.clone();
        Ok(Box::pin(stream::try_unfold((extent, folder), async |(extent, folder)| {
            let StreamExtent { file, from, to } = extent;
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
            Ok(Some((bytes, (StreamExtent { file, from: from + length as u64, to }, folder))))
        })))
    }
}

async fn blocking<T: Send + 'static>(
    folder: &Path,
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(|error| failed(folder, &error)),
        // The runtime is shutting down.
        Err(_) => Err(Error::Interrupted),
    }
}

fn failed(folder: &Path, error: &std::io::Error) -> Error {
    let why = format!("{error}; rows are stored there until they are loaded (set TMPDIR to use another folder)");
    Error::File { path: folder.to_owned(), why }
}

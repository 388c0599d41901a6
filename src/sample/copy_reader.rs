//! One `COPY` stream from several statements.

use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use futures_util::stream::{self, Stream, TryStreamExt};
use tokio_postgres::CopyOutStream;

use super::error::SampleError;
use super::pool::PooledSession;
use crate::pg;

/// The least bytes in a piece of the stream, except the last one.
const PIECE: usize = 64 * 1024;
/// Bytes of a binary stream's header without extension, and its trailer.
const HEADER: usize = 19;
const TRAILER: [u8; 2] = [0xff, 0xff];

/// The bytes of one `COPY … TO STDOUT` in pieces of any length.
pub type CopyStream = Pin<Box<dyn Stream<Item = pg::Result<Bytes>> + Send>>;

/// Statements to run one after the other.
pub(super) type Statements = Box<dyn Iterator<Item = String> + Send>;

/// Reads the results of several statements as one stream.
pub(super) struct CopyReader {
    session: PooledSession,
    /// The statements that have not run yet.
    statements: Statements,
    current: Option<Pin<Box<CopyOutStream>>>,
    /// The select list, which errors quote instead of the statement: that contains keys, which may be personal data.
    select_list: String,
    binary: bool,
    /// Whether the first statement has begun, whose header is kept.
    begun: bool,
    buffer: BytesMut,
}

impl CopyReader {
    pub(super) fn new(session: PooledSession, statements: Statements, select_list: String, binary: bool) -> CopyReader {
        let (current, begun, buffer) = (None, false, BytesMut::new());
        CopyReader { session, statements, current, select_list, binary, begun, buffer }
    }

    /// Returns the stream. Dropping it before its end cancels the query on the server.
    pub(super) fn into_stream(self) -> CopyStream {
        Box::pin(stream::try_unfold(Some(self), async |reader| match reader {
            None => Ok(None),
            Some(mut reader) => Ok(match reader.next().await? {
                (bytes, false) => Some((bytes, Some(reader))),
                (bytes, true) => Some((bytes, None)),
            }),
        }))
    }

    /// Returns the next bytes, and whether they are the last ones.
    async fn next(&mut self) -> pg::Result<(Bytes, bool)> {
        // The last two bytes may be the trailer of a statement that another one follows.
        let kept = if self.binary { TRAILER.len() } else { 0 };
        loop {
            if self.current.is_none() {
                let Some(sql) = self.statements.next() else {
                    self.session.end();
                    return Ok((self.buffer.split().freeze(), true));
                };
                let session = self.session.begin().map_err(source_error)?;
                let stream = session.copy_out(&sql).await;
                self.current = Some(Box::pin(stream.map_err(|error| pg::Error::of(error, &self.select_list))?));
                if self.begun && self.binary {
                    self.skip_header().await?;
                }
                self.begun = true;
            }
            match self.receive().await? {
                Some(bytes) => self.buffer.extend_from_slice(&bytes),
                None => {
                    self.current = None;
                    continue;
                }
            }
            if self.buffer.len() >= PIECE + kept {
                let bytes = self.buffer.split_to(self.buffer.len() - kept);
                return Ok((bytes.freeze(), false));
            }
        }
    }

    /// Returns the next bytes of the current statement, or `None` at its end.
    async fn receive(&mut self) -> pg::Result<Option<Bytes>> {
        let Some(stream) = &mut self.current else { return Ok(None) };
        stream.try_next().await.map_err(|error| pg::Error::of(error, &self.select_list))
    }

    /// Removes the trailer of the previous statement and the header of the current one.
    async fn skip_header(&mut self) -> pg::Result<()> {
        if self.buffer.ends_with(&TRAILER) {
            self.buffer.truncate(self.buffer.len() - TRAILER.len());
        }
        let mut start = BytesMut::new();
        while start.len() < HEADER {
            match self.receive().await? {
                Some(bytes) => start.extend_from_slice(&bytes),
                None => break,
            }
        }
        self.buffer.extend_from_slice(start.get(HEADER..).unwrap_or_default());
        Ok(())
    }
}

/// Converts an error of the pool to one of the source.
pub(super) fn source_error(error: SampleError) -> pg::Error {
    match error {
        SampleError::Source(error) => error,
        other => pg::Error::Connection { place: "the source".into(), why: other.to_string() },
    }
}

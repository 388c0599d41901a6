//! Joining the COPY streams of one table. Each binary stream has a header and a trailer; the joined one has one of each.

use bytes::{Bytes, BytesMut};

use crate::pg::copy_binary::{HEADER, TRAILER};

/// Joins streams that are pushed in pieces, one stream after the other.
pub(super) struct StreamJoiner {
    binary: bool,
    /// The bytes of the current stream's header that are still to be skipped.
    header: usize,
    /// The last bytes, which may be the trailer.
    held: BytesMut,
    first: bool,
}

impl StreamJoiner {
    pub(super) fn new(binary: bool) -> Self {
        Self { binary, header: 0, held: BytesMut::new(), first: true }
    }

    /// Begins the next stream.
    pub(super) fn begin(&mut self) {
        self.header = if self.first { 0 } else { HEADER.len() };
        self.first = false;
        // The trailer of the previous stream.
        self.held.clear();
    }

    /// Adds a piece of the current stream. Returns the bytes to write.
    pub(super) fn push(&mut self, mut piece: Bytes) -> Bytes {
        if !self.binary {
            return piece;
        }
        let skipped = self.header.min(piece.len());
        self.header -= skipped;
        let _ = piece.split_to(skipped);
        self.held.extend_from_slice(&piece);
        let ready = self.held.len().saturating_sub(TRAILER);
        self.held.split_to(ready).freeze()
    }

    /// Returns the last bytes to write.
    pub(super) fn finish(self) -> Bytes {
        self.held.freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_streams_become_one() {
        let stream = |rows: &[u8]| [&HEADER[..], rows, &[0xff, 0xff]].concat();
        for piece in [1, 2, 3, 7, 100] {
            let mut joiner = StreamJoiner::new(true);
            let mut whole = Vec::new();
            for rows in [&b"one"[..], b"", b"three"] {
                joiner.begin();
                for bytes in stream(rows).chunks(piece) {
                    whole.extend(joiner.push(Bytes::copy_from_slice(bytes)));
                }
            }
            whole.extend(joiner.finish());
            assert_eq!(whole, stream(b"onethree"), "pieces of {piece}");
        }
        let mut text = StreamJoiner::new(false);
        text.begin();
        assert_eq!(text.push("a\n".into()), "a\n");
        text.begin();
        assert_eq!(text.push("b\n".into()), "b\n");
        assert!(text.finish().is_empty());
    }
}

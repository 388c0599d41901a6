//! Several streams of one table as one: in binary each begins with a header and ends with a trailer, of
//! which the whole has one.

use bytes::{Bytes, BytesMut};

use crate::pg::copy_binary::{HEADER, TRAILER};

/// Takes the pieces of streams, one stream after the other, and gives what belongs into the whole.
pub(super) struct Join {
    binary: bool,
    /// Bytes of this stream's header that are still to come.
    header: usize,
    /// The last bytes seen, which may be the trailer.
    held: BytesMut,
    first: bool,
}

impl Join {
    pub(super) fn new(binary: bool) -> Self {
        Self { binary, header: 0, held: BytesMut::new(), first: true }
    }

    /// A stream begins.
    pub(super) fn begin(&mut self) {
        self.header = if self.first { 0 } else { HEADER.len() };
        self.first = false;
        // The trailer of the stream before.
        self.held.clear();
    }

    /// A piece of it; answers what to write.
    pub(super) fn take(&mut self, mut piece: Bytes) -> Bytes {
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

    /// What the whole ends with.
    pub(super) fn end(self) -> Bytes {
        self.held.freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_streams_are_one() {
        let stream = |rows: &[u8]| [&HEADER[..], rows, &[0xff, 0xff]].concat();
        for piece in [1, 2, 3, 7, 100] {
            let mut join = Join::new(true);
            let mut whole = Vec::new();
            for rows in [&b"one"[..], b"", b"three"] {
                join.begin();
                for bytes in stream(rows).chunks(piece) {
                    whole.extend(join.take(Bytes::copy_from_slice(bytes)));
                }
            }
            whole.extend(join.end());
            assert_eq!(whole, stream(b"onethree"), "pieces of {piece}");
        }
        let mut text = Join::new(false);
        text.begin();
        assert_eq!(text.take("a\n".into()), "a\n");
        text.begin();
        assert_eq!(text.take("b\n".into()), "b\n");
        assert!(text.end().is_empty());
    }
}

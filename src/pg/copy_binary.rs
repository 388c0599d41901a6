//! Parser of the binary COPY format ("Binary Format" in <https://www.postgresql.org/docs/current/sql-copy.html>).
//!
//! Takes pieces of any size. A server sends each row in one message, so a row is parsed in the piece that it came
//! in; only a row that is split over several pieces is copied.

use crate::pg::{Error, Result};

/// Signature, flags, and the length of the header's extension, as every version so far sends them.
pub(crate) const HEADER: &[u8; 19] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// Bytes of the trailer: a column count of -1.
pub(crate) const TRAILER: usize = 2;

const SIGNATURE: usize = 11;

/// State of one stream.
#[derive(Default)]
pub(crate) struct Parser {
    expected: Expected,
    /// The beginning of a header or row whose end has not arrived.
    partial: Vec<u8>,
}

#[derive(Default)]
enum Expected {
    #[default]
    Header,
    Row,
    Nothing,
}

/// The fields of a row that were not read yet.
pub(crate) struct Row<'a> {
    rest: &'a [u8],
}

impl Parser {
    /// Parses a piece and calls `on_row` for every row that ends in it. `on_row` returns `None` if the row has too few
    /// fields, or fields of unexpected sizes.
    ///
    /// # Errors
    /// [`Error::MalformedCopy`]
    pub(crate) fn feed(&mut self, piece: &[u8], mut on_row: impl FnMut(&mut Row<'_>) -> Option<()>) -> Result<()> {
        if self.partial.is_empty() {
            let used = self.parse(piece, &mut on_row).ok_or(Error::MalformedCopy)?;
            self.partial.extend_from_slice(&piece[used..]);
        } else {
            let mut whole = std::mem::take(&mut self.partial);
            whole.extend_from_slice(piece);
            let used = self.parse(&whole, &mut on_row).ok_or(Error::MalformedCopy)?;
            whole.drain(..used);
            self.partial = whole;
        }
        Ok(())
    }

    /// Checks that the stream has ended with its trailer: one that was cut off has none.
    ///
    /// # Errors
    /// [`Error::MalformedCopy`]
    pub(crate) fn finish(&self) -> Result<()> {
        if matches!(self.expected, Expected::Nothing) { Ok(()) } else { Err(Error::MalformedCopy) }
    }

    /// Parses what is complete and returns the bytes it takes.
    fn parse(&mut self, bytes: &[u8], on_row: &mut impl FnMut(&mut Row<'_>) -> Option<()>) -> Option<usize> {
        let mut at = 0;
        loop {
            let rest = &bytes[at..];
            match self.expected {
                Expected::Header => {
                    let Some(length) = header_length(rest)? else { return Some(at) };
                    at += length;
                    self.expected = Expected::Row;
                }
                Expected::Row => {
                    let Some((columns, fields)) = rest.split_first_chunk::<2>() else { return Some(at) };
                    let Ok(columns) = usize::try_from(i16::from_be_bytes(*columns)) else {
                        self.expected = Expected::Nothing;
                        at += TRAILER;
                        continue;
                    };
                    let Some(length) = row_length(columns, fields) else { return Some(at) };
                    on_row(&mut Row { rest: &fields[..length] })?;
                    at += rest.len() - fields.len() + length;
                }
                Expected::Nothing => return rest.is_empty().then_some(at),
            }
        }
    }
}

/// The length of the header, or `None` inside if it is incomplete.
#[expect(clippy::option_option, reason = "the outer one is a malformed header, the inner one an incomplete header")]
fn header_length(bytes: &[u8]) -> Option<Option<usize>> {
    let signature = bytes.len().min(SIGNATURE);
    if bytes[..signature] != HEADER[..signature] {
        return None;
    }
    let Some(extension) = bytes.get(HEADER.len() - 4..HEADER.len()) else { return Some(None) };
    let extension = u32::from_be_bytes(extension.try_into().ok()?);
    let length = HEADER.len() + usize::try_from(extension).ok()?;
    Some((bytes.len() >= length).then_some(length))
}

/// The length of a row's fields, or `None` if the row is incomplete.
fn row_length(columns: usize, fields: &[u8]) -> Option<usize> {
    let mut row = Row { rest: fields };
    for _ in 0..columns {
        row.next()?;
    }
    Some(fields.len() - row.rest.len())
}

impl<'a> Row<'a> {
    /// The next field, which may be NULL, or `None` if there is none.
    #[expect(clippy::option_option, reason = "the outer one is a row that ends too early, the inner one is NULL")]
    #[inline]
    pub(crate) fn next(&mut self) -> Option<Option<&'a [u8]>> {
        let (length, rest) = self.rest.split_first_chunk()?;
        let length = usize::try_from(i32::from_be_bytes(*length)).ok();
        let (field, rest) = rest.split_at_checked(length.unwrap_or(0))?;
        self.rest = rest;
        Some(length.map(|_| field))
    }

    /// The next field, of a type of this size, or `None` if it is NULL or of another size.
    pub(crate) fn fixed<const SIZE: usize>(&mut self) -> Option<[u8; SIZE]> {
        self.next()??.try_into().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(extension: &[u8]) -> Vec<u8> {
        let mut stream = HEADER[..15].to_vec();
        stream.extend(u32::try_from(extension.len()).unwrap().to_be_bytes());
        stream.extend(extension);
        for (number, text) in [(1_i32, Some("kim")), (2, None), (3, Some(""))] {
            stream.extend([0, 2, 0, 0, 0, 4]);
            stream.extend(number.to_be_bytes());
            match text {
                Some(text) => stream.extend([&[0, 0, 0, u8::try_from(text.len()).unwrap()], text.as_bytes()].concat()),
                None => stream.extend((-1_i32).to_be_bytes()),
            }
        }
        stream.extend((-1_i16).to_be_bytes());
        stream
    }

    fn parse(stream: &[u8], size: usize) -> Result<Vec<(i32, Option<Vec<u8>>)>> {
        let (mut parser, mut rows) = (Parser::default(), Vec::new());
        for piece in stream.chunks(size) {
            parser.feed(piece, |row| {
                rows.push((i32::from_be_bytes(row.fixed()?), row.next()?.map(<[u8]>::to_vec)));
                row.next().is_none().then_some(())
            })?;
        }
        parser.finish().map(|()| rows)
    }

    #[test]
    fn rows_are_parsed_from_pieces_of_any_size() {
        for stream in [stream(b""), stream(b"extension")] {
            for size in 1..=stream.len() {
                let rows = parse(&stream, size).unwrap();
                assert_eq!(rows, [(1, Some(b"kim".to_vec())), (2, None), (3, Some(Vec::new()))], "pieces of {size}");
            }
        }
    }

    #[test]
    fn a_malformed_stream_is_an_error() {
        let whole = stream(b"");
        for length in 0..whole.len() {
            assert!(parse(&whole[..length], 7).is_err(), "cut off after {length} bytes");
        }
        let mut other = whole.clone();
        other[3] = b'x';
        assert!(parse(&other, 7).is_err(), "another signature");
        assert!(parse(&[&whole[..], b"x"].concat(), 7).is_err(), "bytes after the trailer");
        let mut long = whole;
        long[24] = 5;
        assert!(parse(&long, 100).is_err(), "a field of another size");
    }
}

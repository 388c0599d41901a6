//! Values of rows in the binary format of COPY, as text.

use std::net::IpAddr;

use super::copy_text::without_escapes;
use super::limits::MAX_BYTES;
use crate::pg::catalog::Column;
use crate::pg::{self, copy_binary::Parser};

/// How the values of a column become text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BinaryFormat {
    element: Element,
    array: bool,
}

/// Format of a value, or of an array's elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Element {
    /// Not scanned.
    Skipped,
    /// The bytes are text.
    Text,
    /// A version byte, then text.
    Jsonb,
    /// Family, prefix length, a flag and the address length, one byte each; then the address.
    Address,
}

impl BinaryFormat {
    /// For types of unknown format: the bytes as text.
    pub(super) const RAW: BinaryFormat = BinaryFormat { element: Element::Text, array: false };

    /// The format of a column, or `None` if its values must be scanned (`scanned`) and their format is unknown.
    pub(super) fn of(column: &Column, scanned: bool) -> Option<BinaryFormat> {
        let base = &column.base;
        let element = match base.name.as_str() {
            _ if !scanned => Element::Skipped,
            _ if base.schema != "pg_catalog" => return None,
            "text" | "varchar" | "bpchar" | "name" | "json" | "xml" => Element::Text,
            "jsonb" => Element::Jsonb,
            "inet" | "cidr" => Element::Address,
            "macaddr" | "macaddr8" | "char" | "pg_lsn" => Element::Skipped,
            _ => return None,
        };
        Some(BinaryFormat { element, array: column.array && element != Element::Skipped })
    }
}

/// Splits pieces of any size into rows and values.
pub(super) struct BinaryRows {
    formats: Vec<BinaryFormat>,
    parser: Parser,
    plain: Vec<u8>,
    count: u64,
}

impl BinaryRows {
    /// Rows with columns of these formats.
    pub(super) fn new(formats: Vec<BinaryFormat>) -> BinaryRows {
        BinaryRows { formats, parser: Parser::default(), plain: Vec::new(), count: 0 }
    }

    /// Calls `on_value` with column and text of every scanned value that is not NULL.
    pub(super) fn feed(&mut self, piece: &[u8], mut on_value: impl FnMut(usize, &str)) -> pg::Result<()> {
        let BinaryRows { formats, parser, plain, count } = self;
        parser.feed(piece, |row| {
            *count += 1;
            for (column, format) in formats.iter().enumerate() {
                let Some(value) = row.next()? else { continue };
                if format.element != Element::Skipped {
                    plain.clear();
                    append(*format, &value[..value.len().min(MAX_BYTES)], plain);
                    on_value(column, &String::from_utf8_lossy(plain));
                }
            }
            Some(())
        })
    }

    /// Returns the number of rows read, after the last piece.
    pub(super) fn finish(&self) -> pg::Result<u64> {
        self.parser.finish().map(|()| self.count)
    }
}

fn append(format: BinaryFormat, value: &[u8], plain: &mut Vec<u8>) {
    if !format.array {
        return append_element(format.element, value, plain);
    }
    for_each_element(value, |element| {
        append_element(format.element, element, plain);
        plain.push(b'\n');
    });
}

fn append_element(element: Element, value: &[u8], plain: &mut Vec<u8>) {
    match element {
        Element::Skipped => {}
        Element::Text => plain.extend_from_slice(&without_escapes(value)),
        Element::Jsonb => plain.extend_from_slice(&without_escapes(value.get(1..).unwrap_or_default())),
        Element::Address => {
            let (head, bytes) = value.split_at(value.len().min(4));
            let v4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
            let Ok(address) = v4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)) else { return };
            plain.extend(address.to_string().bytes());
            let bits = head.get(1).copied().unwrap_or_default();
            if usize::from(bits) < 8 * bytes.len() {
                plain.extend(format!("/{bits}").bytes());
            }
        }
    }
}

/// Calls `on_element` for the elements that are not NULL or empty. An array is the number of dimensions, two words,
/// two words for each dimension, and the elements, each after its length.
fn for_each_element(array: &[u8], mut on_element: impl FnMut(&[u8])) {
    let word =
        |at: usize| array.get(at..at + 4).and_then(|word| <[u8; 4]>::try_from(word).ok()).map(i32::from_be_bytes);
    let Some(dimensions) = word(0).and_then(|count| usize::try_from(count).ok()) else { return };
    let mut at = 12 + 8 * dimensions.min(array.len());
    while let Some(length) = word(at) {
        at += 4;
        let length = usize::try_from(length).unwrap_or(0);
        // The last element may be cut off.
        let end = at.saturating_add(length).min(array.len());
        if length > 0 {
            on_element(array.get(at..end).unwrap_or_default());
        }
        at = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pg::copy_binary::HEADER;

    fn value(bytes: &[u8]) -> Vec<u8> {
        [&i32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
    }

    #[test]
    fn rows_are_parsed_from_pieces_of_any_size() {
        let null = (-1_i32).to_be_bytes().to_vec();
        let (none, long) = (Vec::new(), vec![b'x'; 300]);
        let array = [
            [1_i32, 1, 25, 4, 1].map(i32::to_be_bytes).concat(),
            value(b"a"),
            null.clone(),
            value(b"{\"b\": \"\\n1\"}"),
            value(&none),
        ]
        .concat();
        let document = [&[1], "{\"이\": \"line\\n010\"}".as_bytes()].concat();
        let address = [2, 32, 0, 4, 203, 0, 113, 7];
        let rows: [[Vec<u8>; 5]; 3] = [
            [value(b"unseen"), value(b"kim"), value(&document), value(&array), value(&address)],
            [null.clone(), null.clone(), null.clone(), null.clone(), null.clone()],
            [value(&none), value(&long), null.clone(), value(&[0; 12]), null],
        ];
        let mut stream = HEADER.to_vec();
        for row in rows {
            stream.extend(5_i16.to_be_bytes());
            stream.extend(row.concat());
        }
        stream.extend((-1_i16).to_be_bytes());
        let format = |element, array| BinaryFormat { element, array };
        let formats = [
            format(Element::Skipped, false),
            format(Element::Text, false),
            format(Element::Jsonb, false),
            format(Element::Text, true),
            format(Element::Address, false),
        ];
        let long = String::from_utf8(long).unwrap();
        let expected = [
            (1, "kim"),
            (2, "{\"이\": \"line\n010\"}"),
            (3, "a\n{\"b\": \"\n1\"}\n"),
            (4, "203.0.113.7"),
            (1, &long),
            (3, ""),
        ];
        for size in 1..stream.len() {
            let (mut rows, mut values) = (BinaryRows::new(formats.to_vec()), Vec::new());
            for piece in stream.chunks(size) {
                rows.feed(piece, |column, text| values.push((column, text.to_owned()))).unwrap();
            }
            assert_eq!(values, expected.map(|(column, text)| (column, text.to_owned())), "in pieces of {size}");
            assert_eq!(rows.finish().unwrap(), 3);
        }
    }
}

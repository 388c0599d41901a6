//! Rows of `COPY … TO STDOUT (FORMAT binary)`: a header, then of each row the number of its values, and each value
//! behind its length. See "Binary Format" at <https://www.postgresql.org/docs/current/sql-copy.html>.

use std::net::IpAddr;

use crate::discover::audit::LONGEST_BINARY;
use crate::discover::audit::copy_text::revealed;
use crate::pg::catalog::Column;

/// How the values of a column are turned into the text that is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Form {
    what: What,
    array: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// Not looked at.
    Nothing,
    /// The bytes are the text.
    Text,
    /// One byte for the version of the form, then text.
    Jsonb,
    /// Four bytes about it, then those of the address.
    Address,
}

impl Form {
    /// Of what is not understood: its bytes as they are.
    pub(crate) const RAW: Form = Form { what: What::Text, array: false };

    /// That of a column whose values are looked at or not (`looked_at`); none when its values have to be looked at
    /// and their binary form is not one that is understood here.
    pub(crate) fn of(column: &Column, looked_at: bool) -> Option<Form> {
        let base = &column.base;
        let what = match base.name.as_str() {
            _ if !looked_at => What::Nothing,
            _ if base.schema != "pg_catalog" => return None,
            "text" | "varchar" | "bpchar" | "name" | "json" | "xml" => What::Text,
            "jsonb" => What::Jsonb,
            "inet" | "cidr" => What::Address,
            "macaddr" | "macaddr8" | "char" | "pg_lsn" => What::Nothing,
            _ => return None,
        };
        Some(Form { what, array: column.array && what != What::Nothing })
    }
}

/// The signature, the flags, and the length of what a later version may add to the header.
const HEADER: usize = 19;

/// Rows as they come, in pieces of any size. Holds one value at most, and of that no more than is looked at.
pub(crate) struct Rows {
    forms: Vec<Form>,
    next: Next,
    /// The beginning of what comes next.
    rest: Vec<u8>,
    plain: Vec<u8>,
    count: u64,
}

/// What comes next.
#[derive(Clone, Copy)]
enum Next {
    Header,
    Row,
    Length { column: usize, of: usize },
    Value { column: usize, of: usize, left: usize },
    End,
}

impl Rows {
    /// Of rows with columns of these forms.
    pub(crate) fn new(forms: Vec<Form>) -> Rows {
        Rows { forms, next: Next::Header, rest: Vec::new(), plain: Vec::new(), count: 0 }
    }

    /// How many rows were read.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Reads a piece and tells every value that is looked at and not NULL, with its place in the row.
    pub(crate) fn feed(&mut self, mut piece: &[u8], mut tell: impl FnMut(usize, &str)) {
        loop {
            self.next = match self.next {
                Next::Header => match self.take::<HEADER>(&mut piece) {
                    Some(_) => Next::Row,
                    None => return,
                },
                Next::Row => match self.take::<2>(&mut piece).map(i16::from_be_bytes) {
                    Some(of) => match usize::try_from(of) {
                        Ok(of) => {
                            self.count += 1;
                            after(0, of)
                        }
                        Err(_) => Next::End,
                    },
                    None => return,
                },
                Next::Length { column, of } => match self.take::<4>(&mut piece).map(i32::from_be_bytes) {
                    Some(length) => match usize::try_from(length) {
                        Ok(left) => Next::Value { column, of, left },
                        Err(_) => after(column + 1, of),
                    },
                    None => return,
                },
                Next::Value { column, of, left } => {
                    let (now, later) = piece.split_at(left.min(piece.len()));
                    piece = later;
                    self.value(column, now, now.len() == left, &mut tell);
                    if now.len() < left {
                        self.next = Next::Value { column, of, left: left - now.len() };
                        return;
                    }
                    after(column + 1, of)
                }
                Next::End => return,
            };
        }
    }

    /// Takes so many bytes; none while there are fewer.
    fn take<const N: usize>(&mut self, piece: &mut &[u8]) -> Option<[u8; N]> {
        let lacking = N - self.rest.len();
        let (now, later) = piece.split_at(lacking.min(piece.len()));
        self.rest.extend_from_slice(now);
        *piece = later;
        let taken = <[u8; N]>::try_from(self.rest.as_slice()).ok()?;
        self.rest.clear();
        Some(taken)
    }

    /// Some bytes of a value, which may be its last.
    fn value(&mut self, column: usize, bytes: &[u8], last: bool, tell: &mut impl FnMut(usize, &str)) {
        let Some(form) = self.forms.get(column).copied().filter(|form| form.what != What::Nothing) else { return };
        if !last || !self.rest.is_empty() {
            let room = LONGEST_BINARY.saturating_sub(self.rest.len());
            self.rest.extend_from_slice(&bytes[..room.min(bytes.len())]);
        }
        if !last {
            return;
        }
        let whole = std::mem::take(&mut self.rest);
        let value = if whole.is_empty() { &bytes[..bytes.len().min(LONGEST_BINARY)] } else { &whole };
        self.plain.clear();
        if form.array {
            elements(value, |element| {
                append(form.what, element, &mut self.plain);
                self.plain.push(b'\n');
            });
        } else {
            append(form.what, value, &mut self.plain);
        }
        tell(column, &String::from_utf8_lossy(&self.plain));
        // Keeps its room for the next one.
        self.rest = whole;
        self.rest.clear();
    }
}

fn after(column: usize, of: usize) -> Next {
    if column < of { Next::Length { column, of } } else { Next::Row }
}

fn append(what: What, value: &[u8], plain: &mut Vec<u8>) {
    match what {
        What::Nothing => {}
        What::Text => plain.extend_from_slice(&revealed(value)),
        What::Jsonb => plain.extend_from_slice(&revealed(value.get(1..).unwrap_or_default())),
        What::Address => {
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

/// The elements of an array that are not NULL: the number of dimensions, two words, two for each dimension, and
/// then each element behind its length.
fn elements(array: &[u8], mut tell: impl FnMut(&[u8])) {
    let word =
        |at: usize| array.get(at..at + 4).and_then(|word| <[u8; 4]>::try_from(word).ok()).map(i32::from_be_bytes);
    let Some(dimensions) = word(0).and_then(|count| usize::try_from(count).ok()) else { return };
    let mut at = 12 + 8 * dimensions.min(array.len());
    while let Some(length) = word(at) {
        at += 4;
        let length = usize::try_from(length).unwrap_or(0);
        // One that was cut off is told as far as it goes.
        let end = at.saturating_add(length).min(array.len());
        if length > 0 {
            tell(array.get(at..end).unwrap_or_default());
        }
        at = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(bytes: &[u8]) -> Vec<u8> {
        [&i32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
    }

    #[test]
    fn rows_are_put_together_from_any_pieces() {
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
        let mut stream = b"PGCOPY\n\xff\r\n\0".to_vec();
        stream.extend([0; 8]);
        for row in rows {
            stream.extend(5_i16.to_be_bytes());
            stream.extend(row.concat());
        }
        stream.extend((-1_i16).to_be_bytes());
        let form = |what, array| Form { what, array };
        let forms = [
            form(What::Nothing, false),
            form(What::Text, false),
            form(What::Jsonb, false),
            form(What::Text, true),
            form(What::Address, false),
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
            let (mut rows, mut values) = (Rows::new(forms.to_vec()), Vec::new());
            for piece in stream.chunks(size) {
                rows.feed(piece, |column, text| values.push((column, text.to_owned())));
            }
            assert_eq!(values, expected.map(|(column, text)| (column, text.to_owned())), "in pieces of {size}");
            assert_eq!(rows.count(), 3);
        }
    }
}

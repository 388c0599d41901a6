//! Rows of `COPY … TO STDOUT` in its text form: tabs between values, a line break after each row, and
//! backslashes before what would be either.

use std::borrow::Cow;

use crate::discover::audit::{LONGEST_TEXT, Sight};

/// Rows as they come, in pieces of any size. Holds one row at most.
pub(crate) struct Rows {
    /// How each column is looked at.
    sights: Vec<Sight>,
    /// The beginning of a row whose end has not come.
    rest: Vec<u8>,
    plain: Vec<u8>,
    count: u64,
}

impl Rows {
    /// Of rows whose columns are looked at like this.
    pub(crate) fn new(sights: Vec<Sight>) -> Rows {
        Rows { sights, rest: Vec::new(), plain: Vec::new(), count: 0 }
    }

    /// How many rows were read.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Reads a piece and tells every value that is looked at and not NULL, with its place in the row.
    pub(crate) fn feed(&mut self, mut piece: &[u8], mut tell: impl FnMut(usize, &str)) {
        while let Some(end) = piece.iter().position(|byte| *byte == b'\n') {
            let (row, next) = (&piece[..end], &piece[end + 1..]);
            if self.rest.is_empty() {
                self.tell(row, &mut tell);
            } else {
                self.rest.extend_from_slice(row);
                let whole = std::mem::take(&mut self.rest);
                self.tell(&whole, &mut tell);
            }
            self.count += 1;
            piece = next;
        }
        self.rest.extend_from_slice(piece);
    }

    fn tell(&mut self, row: &[u8], tell: &mut impl FnMut(usize, &str)) {
        let values = row.split(|byte| *byte == b'\t').zip(&self.sights).enumerate();
        for (column, (value, sight)) in values {
            if *sight == Sight::None || value == b"\\N" {
                continue;
            }
            self.plain.clear();
            unescape(&value[..value.len().min(LONGEST_TEXT)], &mut self.plain);
            if *sight == Sight::Array {
                part(&mut self.plain);
            }
            tell(column, &String::from_utf8_lossy(&revealed(&self.plain)));
        }
    }
}

/// Puts every element of an array on a line of its own: between commas, telephone numbers are numbers of a list.
fn part(array: &mut [u8]) {
    let (mut quoted, mut escaped) = (false, false);
    for byte in array {
        match *byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => quoted = !quoted,
            b',' if !quoted => *byte = b'\n',
            _ => {}
        }
    }
}

/// A value with what it says: documents and arrays have escapes of their own, and an `n` before a number hides it.
pub(crate) fn revealed(value: &[u8]) -> Cow<'_, [u8]> {
    if !(matches!(value.first(), Some(b'{' | b'[' | b'"')) && value.contains(&b'\\')) {
        return Cow::Borrowed(value);
    }
    let mut plain = Vec::with_capacity(value.len());
    unescape(value, &mut plain);
    Cow::Owned(plain)
}

fn unescape(text: &[u8], plain: &mut Vec<u8>) {
    if !text.contains(&b'\\') {
        return plain.extend_from_slice(text);
    }
    let mut bytes = text.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            plain.push(byte);
            continue;
        }
        match bytes.next() {
            Some(b'n' | b'r' | b'b' | b'f' | b'v') => plain.push(b'\n'),
            Some(b't') => plain.push(b'\t'),
            // `\u00e9` inside JSON: letters that no detector asks for, as a space would be.
            Some(b'u') if bytes.clone().take(4).filter(u8::is_ascii_hexdigit).count() == 4 => {
                let code = bytes
                    .by_ref()
                    .take(4)
                    .fold(0, |code, digit| code * 16 + char::from(digit).to_digit(16).unwrap_or(0));
                let c = char::from_u32(code).unwrap_or(' ');
                plain.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            }
            Some(other) => plain.push(other),
            None => plain.push(b'\\'),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_put_together_from_any_pieces() {
        let text = "a\\tb\t\\N\tkim\\\\n\n{1,\"a,\\\\\"b\",\\N}\t{\"x\": \"line\\\\n010-1234-5678 \\\\u0041\"}\tlast\tunseen\n".as_bytes();
        for size in 1..text.len() {
            let mut rows = Rows::new(vec![Sight::Array, Sight::Plain, Sight::Plain, Sight::None]);
            let mut values = Vec::new();
            for piece in text.chunks(size) {
                rows.feed(piece, |column, text| values.push((column, text.to_owned())));
            }
            let expected = [
                (0, "a\tb"),
                (2, "kim\\n"),
                (0, "{1\n\"a,\"b\"\nN}"),
                (1, "{\"x\": \"line\n010-1234-5678 A\"}"),
                (2, "last"),
            ];
            assert_eq!(values, expected.map(|(column, text)| (column, text.to_owned())));
            assert_eq!(rows.count(), 2);
        }
    }
}

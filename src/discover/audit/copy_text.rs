//! Values of rows in the text format of COPY: tab-separated, one row a line, escaped by backslashes.

use std::borrow::Cow;

use super::limits::MAX_ESCAPED_BYTES;

/// How the values of a column are scanned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TextFormat {
    /// Not scanned.
    Skipped,
    /// As one text.
    Plain,
    /// Element by element.
    Array,
}

/// Splits pieces of any size into rows and values. Holds one row at most.
pub(super) struct TextRows {
    formats: Vec<TextFormat>,
    /// The beginning of a row whose end has not arrived.
    partial: Vec<u8>,
    plain: Vec<u8>,
    count: u64,
}

impl TextRows {
    /// Rows with columns of these formats.
    pub(super) fn new(formats: Vec<TextFormat>) -> TextRows {
        TextRows { formats, partial: Vec::new(), plain: Vec::new(), count: 0 }
    }

    /// Number of rows read.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Calls `on_value` with column and text of every scanned value that is not NULL.
    pub(super) fn feed(&mut self, mut piece: &[u8], mut on_value: impl FnMut(usize, &str)) {
        while let Some(end) = piece.iter().position(|byte| *byte == b'\n') {
            let (row, next) = (&piece[..end], &piece[end + 1..]);
            if self.partial.is_empty() {
                self.row(row, &mut on_value);
            } else {
                let mut whole = std::mem::take(&mut self.partial);
                whole.extend_from_slice(row);
                self.row(&whole, &mut on_value);
            }
            self.count += 1;
            piece = next;
        }
        self.partial.extend_from_slice(piece);
    }

    fn row(&mut self, row: &[u8], on_value: &mut impl FnMut(usize, &str)) {
        let values = row.split(|byte| *byte == b'\t').zip(&self.formats).enumerate();
        for (column, (value, format)) in values {
            if *format == TextFormat::Skipped || value == b"\\N" {
                continue;
            }
            self.plain.clear();
            unescape(&value[..value.len().min(MAX_ESCAPED_BYTES)], &mut self.plain);
            if *format == TextFormat::Array {
                split_elements(&mut self.plain);
            }
            on_value(column, &String::from_utf8_lossy(&without_escapes(&self.plain)));
        }
    }
}

/// Puts every element of an array on a line of its own. Between commas, telephone numbers would be numbers of a list.
fn split_elements(array: &mut [u8]) {
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

/// Returns a value without the escapes that documents and arrays add: the `n` of `\n` before a number would hide it.
pub(super) fn without_escapes(value: &[u8]) -> Cow<'_, [u8]> {
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
            // `\u00e9` in JSON. Half of a surrogate pair becomes a space: no detector needs such characters.
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
    fn rows_are_parsed_from_pieces_of_any_size() {
        let text = "a\\tb\t\\N\tkim\\\\n\n{1,\"a,\\\\\"b\",\\N}\t{\"x\": \"line\\\\n010-1234-5678 \\\\u0041\"}\tlast\tunseen\n".as_bytes();
        for size in 1..text.len() {
            let mut rows =
                TextRows::new(vec![TextFormat::Array, TextFormat::Plain, TextFormat::Plain, TextFormat::Skipped]);
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

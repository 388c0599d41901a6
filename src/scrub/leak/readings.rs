//! Other readings of a text: what stands in it behind an encoding. Each is folded and cut like the
//! text itself, and may hide a further one, to a depth of three.

use super::fold::{fold, is_folded};
use super::hash::Secrets;
use super::map::Map;
use super::tokens::{Cutter, Sink};
use crate::digest::{from_hex, hex};

const DEPTH: usize = 3;
/// The shortest run that is tried as base64: 12 bytes.
pub(super) const LEAST_BASE64: usize = 16;
/// The shortest run after `\x` that is tried as the bytes of a text.
const LEAST_HEX: usize = 12;

/// Reads values.
pub(super) struct Reader<'a> {
    cutter: Cutter<'a>,
    map: Map,
    folded: Vec<u8>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(secrets: &'a Secrets) -> Self {
        Reader { cutter: Cutter::new(secrets), map: Map::default(), folded: Vec::new() }
    }

    /// Hears everything in a value: of a text, or of bytes.
    pub(super) fn value(&mut self, value: &[u8], is_bytes: bool, sink: &mut impl Sink) {
        match std::str::from_utf8(value) {
            Ok(text) if !is_bytes => self.text(text, sink),
            _ => self.bytes(value, sink),
        }
    }

    /// Hears everything in a text and behind its encodings.
    pub(super) fn text(&mut self, text: &str, sink: &mut impl Sink) {
        self.read(text, DEPTH, sink);
    }

    /// Hears everything in bytes: they may be a text, and stand as one word of hexadecimal digits.
    pub(super) fn bytes(&mut self, bytes: &[u8], sink: &mut impl Sink) {
        if bytes.len() <= super::fingerprint::LONGEST_BYTES {
            let hex = hex(bytes);
            self.map.draw(hex.as_bytes());
            self.cutter.cut(hex.as_bytes(), &self.map, sink);
        }
        // Of bytes that are no text, the pieces that are.
        for piece in bytes.utf8_chunks() {
            self.text(piece.valid(), sink);
        }
    }

    fn read(&mut self, text: &str, depth: usize, sink: &mut impl Sink) {
        self.map.draw(text.as_bytes());
        let signs = if depth > 0 { Signs::of(text.as_bytes(), &self.map) } else { Signs::default() };
        if !self.map.others || is_folded(text.as_bytes()) {
            self.cutter.cut(text.as_bytes(), &self.map, sink);
        } else {
            fold(text, &mut self.folded);
            self.map.draw(&self.folded);
            self.cutter.cut(&self.folded, &self.map, sink);
        }
        if signs.backslash {
            self.read(&unescaped(text), depth - 1, sink);
            for run in hex_runs(text) {
                self.decoded(from_hex(run), depth, sink);
            }
        }
        if signs.percent
            && let Some(decoded) = percent_decoded(text)
        {
            self.read(&decoded, depth - 1, sink);
        }
        for run in signs.base64 {
            let run = &text.as_bytes()[run];
            if begins_text(run[0]) {
                self.decoded(from_base64(run), depth, sink);
            }
            // Part of a path, or joined to a word by a dash.
            for part in run.split(|byte| !byte.is_ascii_alphanumeric()) {
                if part.len() >= LEAST_BASE64 && part.len() < run.len() && begins_text(part[0]) {
                    self.decoded(from_base64(part), depth, sink);
                }
            }
        }
    }

    fn decoded(&mut self, bytes: Option<Vec<u8>>, depth: usize, sink: &mut impl Sink) {
        let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        // What is no text by chance has control characters soon.
        let is_text = |text: &str| !text.bytes().any(|byte| byte < 32 && !matches!(byte, b'\t' | b'\n' | b'\r'));
        if let Some(text) = text.filter(|text| is_text(text)) {
            self.read(&text, depth - 1, sink);
        }
    }
}

/// Where a text may have another reading.
#[derive(Default)]
struct Signs {
    backslash: bool,
    percent: bool,
    base64: Vec<std::ops::Range<usize>>,
}

impl Signs {
    fn of(text: &[u8], map: &Map) -> Signs {
        let mut signs = Signs::default();
        if map.escapes {
            (signs.backslash, signs.percent) = (text.contains(&b'\\'), text.contains(&b'%'));
        }
        if text.len() >= LEAST_BASE64 {
            map.runs::<16>(
                |block| block.base64,
                |start, end| {
                    // Most words of that length are no base64, which their first sign shows.
                    if begins_text(text[start]) || map.any(start, end, |block| block.base64 & !block.plain) {
                        signs.base64.push(start..end);
                    }
                },
            );
        }
        signs
    }
}

/// Whether a text may begin so in base64: with a blank, a visible ASCII character, or the first byte of
/// another letter in UTF-8.
fn begins_text(sign: u8) -> bool {
    matches!(sign, b'C' | b'D' | b'I'..=b'Z' | b'a'..=b'f' | b'w'..=b'z' | b'0'..=b'9')
}

/// The bytes; none as soon as they cannot be a text, which for most words is the first three.
fn from_base64(run: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for quad in run.chunks(4) {
        let mut bits = 0_u32;
        for sign in quad {
            let value = match sign {
                b'A'..=b'Z' => sign - b'A',
                b'a'..=b'z' => sign - b'a' + 26,
                b'0'..=b'9' => sign - b'0' + 52,
                b'+' | b'-' => 62,
                _ => 63,
            };
            bits = bits << 6 | u32::from(value);
        }
        bits <<= 6 * (4 - quad.len());
        let [_, decoded @ ..] = bits.to_be_bytes();
        let decoded = &decoded[..quad.len() * 3 / 4];
        // Bytes that stand in no text.
        if decoded.iter().any(|byte| matches!(byte, 0..=8 | 11 | 12 | 14..=31 | 127 | 0xC0 | 0xC1 | 0xF5..)) {
            return None;
        }
        bytes.extend_from_slice(decoded);
    }
    Some(bytes)
}

/// Runs of hexadecimal digits after `\x`, as the server writes `bytea`.
fn hex_runs(text: &str) -> impl Iterator<Item = &[u8]> {
    text.match_indices("\\x").filter_map(|(at, _)| {
        let rest = &text.as_bytes()[at + 2..];
        let length = rest.iter().take_while(|byte| byte.is_ascii_hexdigit()).count() & !1;
        (length >= LEAST_HEX).then(|| &rest[..length])
    })
}

/// The text with the escapes of JSON, and those of arrays and rows, resolved.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let Some(sign) = rest.chars().next() else { break };
        rest = &rest[sign.len_utf8()..];
        match sign {
            'n' | 't' | 'r' | 'b' | 'f' => out.push(' '),
            'u' => match code_unit(rest) {
                Some(high @ 0xD800..=0xDBFF) => {
                    rest = &rest[4..];
                    let low =
                        rest.strip_prefix("\\u").and_then(code_unit).filter(|low| (0xDC00..=0xDFFF).contains(low));
                    if let Some(low) = low {
                        rest = &rest[6..];
                        out.extend(char::from_u32(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)));
                    }
                }
                Some(code) => {
                    rest = &rest[4..];
                    out.extend(char::from_u32(code));
                }
                None => out.push('u'),
            },
            other => out.push(other),
        }
    }
    out.push_str(rest);
    out
}

fn code_unit(text: &str) -> Option<u32> {
    text.get(..4)
        .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .and_then(|digits| u32::from_str_radix(digits, 16).ok())
}

/// The text with `%41` and `+` resolved; none when there is nothing of the kind. Bytes that are no text
/// become spaces.
fn percent_decoded(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let (mut at, mut found) = (0, false);
    while at < bytes.len() {
        let decoded = (bytes[at] == b'%').then(|| bytes.get(at + 1..at + 3)).flatten().and_then(from_hex);
        match decoded {
            Some(decoded) => {
                out.extend(decoded);
                found = true;
                at += 3;
            }
            None => {
                out.push(if bytes[at] == b'+' { b' ' } else { bytes[at] });
                at += 1;
            }
        }
    }
    found.then(|| String::from_utf8_lossy(&out).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::Key;

    #[derive(Default)]
    struct Words(Vec<String>);

    impl Sink for Words {
        fn words(&mut self, _: u64, canonical: &[u8], _: usize) {
            self.0.push(String::from_utf8_lossy(canonical).into_owned());
        }
        fn segment(&mut self, _: u64, _: &[u8]) {}
        fn number(&mut self, _: u64, digits: &[u8]) {
            self.0.push(String::from_utf8_lossy(digits).into_owned());
        }
    }

    #[test]
    fn encodings_are_read_through() {
        let secrets = Secrets::of(&Key::new("a long enough secret").unwrap());
        for (text, hidden) in [
            ("kim%2Eminsu%40haneul.example", "kim.minsu@haneul.example"),
            ("name=%EA%B9%80%EB%AF%BC%EC%88%98&x=1", "김민수"),
            (r#"{"a": "\uae40\ubbfc\uc218\n010-1234-5678"}"#, "김민수"),
            (r#"{"{\"a\": \"\\uae40\\ubbfc\\uc218\"}"}"#, "김민수"),
            ("a2ltLm1pbnN1QGhhbmV1bC5leGFtcGxl", "kim.minsu@haneul.example"),
            ("a2ltLm1pbnN1QGhhbmV1bC5leGFtcGxlLg==", "kim.minsu@haneul.example"),
            ("eyJhbGciOiJIUzI1NiJ9.eyJlbWFpbCI6ImtpbUBoYW5ldWwuZXhhbXBsZSJ9.x", "kim@haneul.example"),
            (r"{\\x6b696d4068616e65756c2e6578616d706c65}", "kim@haneul.example"),
            (r"\x6b696d4068616e65756c2e6578616d706c65", "kim@haneul.example"),
            (r#"\ud83d\ude00kim@haneul.example"#, "kim@haneul.example"),
        ] {
            let mut words = Words::default();
            Reader::new(&secrets).text(text, &mut words);
            assert!(words.0.iter().any(|word| word == hidden), "{text}: {:?}", words.0);
        }
    }

    #[test]
    fn broken_encodings_break_nothing() {
        let secrets = Secrets::of(&Key::new("a long enough secret").unwrap());
        for text in [
            "%",
            "%4",
            "%zz%",
            "\\",
            "\\u",
            "\\u12",
            "\\ud800",
            "\\ud800\\u0041",
            "\\x",
            "\\xabcdefabcdefa",
            "AAAAAAAAAAAAAAAAA",
            "김%EA%B9",
            "\\uㄱㄴㄷㄹ",
        ] {
            Reader::new(&secrets).text(text, &mut Words::default());
            Reader::new(&secrets).bytes(text.as_bytes(), &mut Words::default());
        }
    }
}

//! What is kept of an original, and what is left out because finding it would prove nothing.

use std::collections::BTreeMap;

use serde_json::Value;

use super::fold::fold;
use super::hash::Secrets;
use super::map::Map;
use super::tokens::{ANCHOR_DIGITS, Cutter, LEAST_DIGITS, MOST_WORDS, Sink};
use crate::digest::hex;

/// The longest `bytea` whose bytes as such are remembered; a longer one is only if it is a text.
pub(super) const LONGEST_BYTES: usize = 4096;
/// Weight that words have at least: three syllables of Hangul, six ASCII letters.
const LEAST_WEIGHT: usize = 6;
/// Letters that one word of ASCII letters alone has at least: shorter ones are words of a language.
const LEAST_LETTERS: usize = 8;
/// Digits of a number that is remembered from inside a text, or from a column of integers.
const LEAST_DIGITS_INSIDE: usize = 10;

/// One way in which an original can be found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Form {
    /// The first hash.
    pub first: u64,
    /// The second one.
    pub second: u64,
    /// The hash of its first word, if it is a window of words.
    pub start: Option<u64>,
    /// The server's hash of its rarest part: which rows may hold it.
    pub anchor: i64,
    /// Whether it is an address or a number, which is an identifier even in many rows.
    pub strong: bool,
}

/// Forms of an original by their first hash, and how many more were left out.
#[derive(Default)]
pub(super) struct Forms {
    pub kept: BTreeMap<u64, Form>,
    pub left_out: u64,
}

/// How a column's values are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// As text.
    Text,
    /// As JSON, whose strings and numbers are originals each.
    Json,
    /// As bytes.
    Bytes,
    /// As a number: of a column of integers, only those are remembered that are too long for a sequence.
    Number,
    /// As what tells nothing by itself: a date, a truth value, a label.
    Nothing,
}

/// Makes forms of values.
pub(super) struct Press<'a> {
    secrets: &'a Secrets,
    cutter: Cutter<'a>,
    map: Map,
    folded: Vec<u8>,
}

impl<'a> Press<'a> {
    pub(super) fn new(secrets: &'a Secrets) -> Self {
        Press { secrets, cutter: Cutter::new(secrets), map: Map::default(), folded: Vec::new() }
    }

    /// All forms of a value.
    pub(super) fn forms(&mut self, value: &[u8], written: Written) -> Forms {
        let mut forms = Forms::default();
        match written {
            Written::Text => self.text(&String::from_utf8_lossy(value), &mut forms),
            Written::Json => self.json(value, &mut forms),
            Written::Number => self.number(&String::from_utf8_lossy(value), &mut forms),
            Written::Nothing => forms.left_out += 1,
            Written::Bytes => {
                if value.len() <= LONGEST_BYTES {
                    self.text(&hex(value), &mut forms);
                }
                if let Ok(text) = std::str::from_utf8(value) {
                    self.text(text, &mut forms);
                }
            }
        }
        forms
    }

    fn json(&mut self, value: &[u8], forms: &mut Forms) {
        match serde_json::from_slice::<Value>(value) {
            Ok(document) => self.leaves(&document, forms),
            // Nested too deeply for the parser: all that stands in quotation marks.
            Err(_) => {
                let text = String::from_utf8_lossy(value);
                text.split('"').skip(1).step_by(2).for_each(|leaf| self.text(leaf, forms));
            }
        }
    }

    fn leaves(&mut self, value: &Value, forms: &mut Forms) {
        match value {
            Value::String(text) => self.text(text, forms),
            Value::Number(number) => self.number(&number.to_string(), forms),
            Value::Array(values) => values.iter().for_each(|value| self.leaves(value, forms)),
            Value::Object(fields) => fields.values().for_each(|value| self.leaves(value, forms)),
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn number(&mut self, text: &str, forms: &mut Forms) {
        if text.len() >= LEAST_DIGITS_INSIDE { self.text(text, forms) } else { forms.left_out += 1 }
    }

    fn text(&mut self, text: &str, forms: &mut Forms) {
        fold(text, &mut self.folded);
        let mut parts = Parts::default();
        self.map.draw(&self.folded);
        self.cutter.cut(&self.folded, &self.map, &mut parts);
        let is_number = !self.folded.iter().any(|byte| byte.is_ascii_alphabetic() || *byte >= 128);
        if is_number {
            match parts.numbers.into_iter().max_by_key(|(_, digits)| digits.len()) {
                Some((hash, digits)) if telling_number(&digits) => self.keep(hash, &digits, None, true, forms),
                _ => forms.left_out += 1,
            }
            return;
        }
        if parts.whole.1.is_empty() {
            return;
        }
        let (hash, canonical, words) = &parts.whole;
        // Digits alone are a number, also where they stand in quotation marks beside words.
        let letters = canonical.iter().any(|byte| byte.is_ascii_alphabetic() || *byte >= 128);
        if letters && telling_words(canonical, *words) {
            self.keep(*hash, canonical, self.start(canonical, *words), is_address(canonical), forms);
        } else {
            forms.left_out += 1;
        }
        for (hash, address) in &parts.addresses {
            self.keep(*hash, address, self.start(address, 1), true, forms);
        }
        for (hash, digits) in &parts.numbers {
            if digits.len() >= LEAST_DIGITS_INSIDE && telling_number(digits) {
                self.keep(*hash, digits, None, true, forms);
            }
        }
    }

    fn start(&self, canonical: &[u8], words: usize) -> Option<u64> {
        let first = canonical.split(|byte| *byte == b' ').next().unwrap_or_default();
        (words <= MOST_WORDS).then(|| self.secrets.word(first))
    }

    fn keep(&self, first: u64, canonical: &[u8], start: Option<u64>, strong: bool, forms: &mut Forms) {
        let (second, anchor) = (|| self.secrets.second(canonical), || self.anchor(canonical));
        let form = || Form { first, second: second(), start, anchor: anchor(), strong };
        forms.kept.entry(first).or_insert_with(form);
    }

    /// The longest word, for of several it says most; the end of a number.
    fn anchor(&self, canonical: &[u8]) -> i64 {
        if canonical.iter().all(u8::is_ascii_digit) {
            let end = &canonical[canonical.len().saturating_sub(ANCHOR_DIGITS)..];
            return self.secrets.server(end);
        }
        let longest = canonical.split(|byte| *byte == b' ').max_by_key(|word| word.len()).unwrap_or_default();
        self.secrets.server(longest)
    }
}

/// Every window of a value's words and numbers, by their first hash: what its masked form could be
/// mistaken for.
pub(super) fn windows(secrets: &Secrets, value: &[u8], out: &mut Vec<u64>) {
    struct All<'a>(&'a mut Vec<u64>);
    impl Sink for All<'_> {
        fn words(&mut self, hash: u64, _: &[u8], _: usize) {
            self.0.push(hash);
        }
        fn segment(&mut self, hash: u64, _: &[u8]) {
            self.0.push(hash);
        }
        fn number(&mut self, hash: u64, _: &[u8]) {
            self.0.push(hash);
        }
    }
    let (mut folded, mut map) = (Vec::new(), Map::default());
    fold(&String::from_utf8_lossy(value), &mut folded);
    map.draw(&folded);
    Cutter::new(secrets).cut(&folded, &map, &mut All(out));
}

/// What a value is made of.
#[derive(Default)]
struct Parts {
    /// All of its words, or those of its longest piece between quotation marks.
    whole: (u64, Vec<u8>, usize),
    addresses: Vec<(u64, Vec<u8>)>,
    numbers: Vec<(u64, Vec<u8>)>,
}

impl Sink for Parts {
    fn words(&mut self, hash: u64, canonical: &[u8], words: usize) {
        if canonical.len() > self.whole.1.len() {
            self.whole = (hash, canonical.to_owned(), words);
        }
        if words == 1 && is_address(canonical) {
            self.addresses.push((hash, canonical.to_owned()));
        }
    }
    fn segment(&mut self, hash: u64, canonical: &[u8]) {
        if canonical.len() >= self.whole.1.len() {
            self.whole = (hash, canonical.to_owned(), usize::MAX);
        }
    }
    fn number(&mut self, hash: u64, digits: &[u8]) {
        self.numbers.push((hash, digits.to_owned()));
    }
}

fn is_address(word: &[u8]) -> bool {
    let mut halves = word.splitn(2, |byte| *byte == b'@');
    let (local, domain) = (halves.next().unwrap_or_default(), halves.next().unwrap_or_default());
    !local.is_empty() && domain.contains(&b'.') && !word.contains(&b' ')
}

fn telling_words(canonical: &[u8], words: usize) -> bool {
    let text = String::from_utf8_lossy(canonical);
    let weight: usize = text.chars().filter(|c| c.is_alphanumeric()).map(|c| if c.is_ascii() { 1 } else { 2 }).sum();
    let only_letters = words == 1 && canonical.iter().all(u8::is_ascii_alphabetic);
    weight >= if only_letters { LEAST_LETTERS } else { LEAST_WEIGHT }
}

/// Not a day or a moment, which stand in every table, and not one digit over and over.
fn telling_number(digits: &[u8]) -> bool {
    let at = |range: std::ops::Range<usize>| -> u32 {
        digits
            .get(range)
            .and_then(|part| std::str::from_utf8(part).ok())
            .and_then(|part| part.parse().ok())
            .unwrap_or(0)
    };
    let day = matches!(digits.len(), 8 | 10 | 12 | 14)
        && (1900..2100).contains(&at(0..4))
        && (1..=12).contains(&at(4..6))
        && (1..=31).contains(&at(6..8));
    let same = digits.iter().all(|digit| Some(digit) == digits.first());
    digits.len() >= LEAST_DIGITS && !day && !same
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::Key;

    fn count(value: &str, written: Written) -> (usize, u64) {
        let secrets = Secrets::of(&Key::new("a long enough secret").unwrap());
        let forms = Press::new(&secrets).forms(value.as_bytes(), written);
        (forms.kept.len(), forms.left_out)
    }

    #[test]
    fn what_tells_nothing_is_left_out() {
        for (value, kept) in [
            ("김", 0),
            ("김민", 0),
            ("김민수", 1),
            ("true", 0),
            ("seoul", 0),
            ("Foster", 0),
            ("Jane Doe", 1),
            ("minsu92", 1),
            ("1234567", 0),
            ("12345678", 1),
            ("2026-11-21", 0),
            ("2026-11-21 10:15", 0),
            ("00000000", 0),
            ("010-1234-5678", 1),
            ("121.160.12.7", 1),
            ("kim@haneul.example", 1),
            ("", 0),
            ("***", 0),
        ] {
            assert_eq!(count(value, Written::Text).0, kept, "{value}");
        }
    }

    #[test]
    fn a_text_is_remembered_with_what_stands_in_it() {
        let text = "please call Jane on 010-1234-5678 or write to jane.doe@haneul.example today";
        assert_eq!(count(text, Written::Text), (3, 0));
        assert_eq!(count(r#"{"a": ["kim@x.kr", 1012345678, true, {"b": "김민수", "c": "x"}]}"#, Written::Json), (3, 1));
        let deep = format!("{}\"kim@haneul.example\"{}", "[".repeat(300), "]".repeat(300));
        assert_eq!(count(&deep, Written::Json).0, 1);
        assert_eq!(count("kim@haneul.example", Written::Bytes).0, 2);
    }
}

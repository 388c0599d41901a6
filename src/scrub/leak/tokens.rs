//! Cuts folded text into words and numbers, and hashes every window of them.

use super::hash::Secrets;

/// Words that a window has at most; an original of more is looked for as a whole.
pub(super) const MOST_WORDS: usize = 8;
/// Characters between two words of a window at most: `, ` and ` - ` are no more, and what is farther
/// away belongs to something else.
const WIDEST_GAP: usize = 3;
/// Groups of digits that a number has at most: `+82 (0)10-1234-5678` has five.
const MOST_GROUPS: usize = 6;
/// Digits of a number at least, the country and leading zeros apart: shorter ones are counts, amounts, days.
pub(super) const LEAST_DIGITS: usize = 8;
/// And at most.
const MOST_DIGITS: usize = 24;
/// The last digits of a number, by which a server finds it.
pub(super) const ANCHOR_DIGITS: usize = LEAST_DIGITS;
/// A number this long may stand right beside letters.
const LONG_NUMBER: usize = 10;
/// Letters that may follow a word of Hangul and are no part of it: 님, 씨가, 에게서.
const PARTICLE: usize = 3;
/// The shortest word of Hangul that is looked for before a particle.
const BEFORE_PARTICLE: usize = 3;
/// Longest segment that is looked for as a whole, in bytes.
const LONGEST_SEGMENT: usize = 1 << 20;

/// What hears of everything that could be an original.
pub(super) trait Sink {
    /// A window of words, joined by single spaces.
    fn words(&mut self, hash: u64, canonical: &[u8], words: usize);
    /// All between two quotation marks, or two ends, when that is more than one window.
    fn segment(&mut self, hash: u64, canonical: &[u8]);
    /// A number's digits.
    fn number(&mut self, hash: u64, digits: &[u8]);
    /// Whether a window of several words can begin with this one, of which this is the hash. Most cannot,
    /// which saves hashing all that begin there.
    fn begins(&self, _word: u64) -> bool {
        true
    }
}

/// What a byte of folded text is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Byte {
    /// Ends a word.
    Hard,
    /// Ends a word, and a segment.
    Quote,
    /// Part of a word when a letter or a digit follows: `.`, `@`, `_`, `-`, `+`.
    Soft,
    /// ASCII letter or digit.
    Plain,
    /// Of another letter.
    Other,
}

const BYTES: [Byte; 256] = {
    let mut bytes = [Byte::Hard; 256];
    let mut at = 0;
    while at < 256 {
        bytes[at] = match at as u8 {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => Byte::Plain,
            b'.' | b'@' | b'_' | b'-' | b'+' => Byte::Soft,
            b'"' => Byte::Quote,
            128.. => Byte::Other,
            _ => Byte::Hard,
        };
        at += 1;
    }
    bytes
};

/// A window that the next word would make longer.
#[derive(Clone, Copy)]
struct Open {
    start: usize,
    hash: u64,
    words: usize,
}

/// Cuts text. Its memory is that of the longest segment.
pub(super) struct Cutter<'a> {
    secrets: &'a Secrets,
    /// The segment so far: its words, joined by spaces.
    segment: Vec<u8>,
    open: Vec<Open>,
    /// Of the segment so far.
    whole: u64,
    words: usize,
    runs: usize,
    groups: Vec<(usize, usize)>,
    digits: Vec<u8>,
}

impl<'a> Cutter<'a> {
    pub(super) fn new(secrets: &'a Secrets) -> Self {
        let (segment, open, groups, digits) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Cutter { secrets, segment, open, whole: secrets.beginning(), words: 0, runs: 0, groups, digits }
    }

    /// Hears everything in a folded text.
    pub(super) fn cut(&mut self, folded: &[u8], sink: &mut impl Sink) {
        self.cut_words(folded, sink);
        self.cut_numbers(folded, sink);
    }

    fn cut_words(&mut self, text: &[u8], sink: &mut impl Sink) {
        let kind = |at: usize| text.get(at).map_or(Byte::Hard, |byte| BYTES[usize::from(*byte)]);
        let (mut at, mut last_end) = (0, 0);
        let mut quoted = false;
        while at < text.len() {
            let first = kind(at);
            match first {
                Byte::Quote => {
                    self.end_segment(sink);
                    quoted = true;
                    at += 1;
                }
                Byte::Hard | Byte::Soft => at += 1,
                Byte::Plain | Byte::Other => {
                    let start = at;
                    at += 1;
                    loop {
                        let next = kind(at);
                        if next == first {
                            at += 1;
                        } else if next == Byte::Soft && first == Byte::Plain && kind(at + 1) == Byte::Plain {
                            at += 2;
                        } else {
                            break;
                        }
                    }
                    let near = start - last_end <= WIDEST_GAP && !quoted;
                    self.word(&text[start..at], near, sink);
                    (last_end, quoted) = (at, false);
                }
            }
        }
        self.end_segment(sink);
    }

    fn word(&mut self, word: &[u8], near: bool, sink: &mut impl Sink) {
        if !near || self.words == 0 {
            self.open.clear();
            self.runs += 1;
        }
        if self.segment.len() > LONGEST_SEGMENT {
            self.shorten();
        }
        if !self.segment.is_empty() {
            self.segment.push(b' ');
        }
        let start = self.segment.len();
        self.segment.extend_from_slice(word);
        self.segment[start..].make_ascii_lowercase();
        let word = self.secrets.word(&self.segment[start..]);
        self.whole = self.secrets.joined(self.whole, word);
        self.words += 1;
        self.open.retain(|open| open.words < MOST_WORDS);
        for open in &mut self.open {
            open.hash = self.secrets.joined(open.hash, word);
            open.words += 1;
            sink.words(open.hash, &self.segment[open.start..], open.words);
        }
        let alone = self.secrets.joined(self.secrets.beginning(), word);
        sink.words(alone, &self.segment[start..], 1);
        if sink.begins(word) {
            self.open.push(Open { start, hash: alone, words: 1 });
        }
        if self.segment[start] >= 128 {
            self.before_particle(start, sink);
        }
    }

    /// A word of Hangul without what may be a particle.
    fn before_particle(&self, start: usize, sink: &mut impl Sink) {
        let Ok(word) = std::str::from_utf8(&self.segment[start..]) else { return };
        let letters = word.chars().count();
        if letters <= BEFORE_PARTICLE || letters > BEFORE_PARTICLE + PARTICLE + 3 {
            return;
        }
        for (index, (end, _)) in word.char_indices().enumerate() {
            if index >= BEFORE_PARTICLE && letters - index <= PARTICLE {
                let stem = self.secrets.word(&word.as_bytes()[..end]);
                sink.words(self.secrets.joined(self.secrets.beginning(), stem), &word.as_bytes()[..end], 1);
            }
        }
    }

    /// A segment that is too long is no longer looked for as a whole, only its windows are.
    fn shorten(&mut self) {
        let keep = self.open.iter().map(|open| open.start).min().unwrap_or(self.segment.len());
        self.segment.drain(..keep);
        self.open.iter_mut().for_each(|open| open.start -= keep);
        self.words = usize::MAX / 2;
    }

    fn end_segment(&mut self, sink: &mut impl Sink) {
        let too_long = self.words >= usize::MAX / 2;
        if !too_long && (self.words > MOST_WORDS || self.runs > 1) {
            sink.segment(self.whole, &self.segment);
        }
        self.segment.clear();
        self.open.clear();
        (self.whole, self.words, self.runs) = (self.secrets.beginning(), 0, 0);
    }

    /// Groups of digits, near each other, as numbers: every window of them.
    fn cut_numbers(&mut self, text: &[u8], sink: &mut impl Sink) {
        let mut at = 0;
        self.groups.clear();
        let digits: usize = text.iter().map(|byte| usize::from(byte.is_ascii_digit())).sum();
        if digits < LEAST_DIGITS {
            return;
        }
        while at < text.len() {
            if !text[at].is_ascii_digit() {
                at += 1;
                continue;
            }
            let start = at;
            while at < text.len() && text[at].is_ascii_digit() {
                at += 1;
            }
            let near = self.groups.last().is_some_and(|(_, end)| {
                start - end <= WIDEST_GAP && text[*end..start].iter().all(|byte| b" ().-/+_".contains(byte))
            });
            if !near {
                self.groups.clear();
            }
            if self.groups.len() == MOST_GROUPS {
                self.groups.remove(0);
            }
            self.groups.push((start, at));
            self.numbers_that_end_here(text, sink);
        }
    }

    fn numbers_that_end_here(&mut self, text: &[u8], sink: &mut impl Sink) {
        let all: usize = self.groups.iter().map(|(start, end)| end - start).sum();
        if all < LEAST_DIGITS {
            return;
        }
        let beside_letter = |at: Option<&u8>| at.is_some_and(u8::is_ascii_alphabetic);
        let end = self.groups.last().map_or(0, |(_, end)| *end);
        let (mut length, mut from) = (0, self.groups.len());
        while from > 0 && length < MOST_DIGITS {
            from -= 1;
            let (start, group_end) = self.groups[from];
            length += group_end - start;
            if !(LEAST_DIGITS..=MOST_DIGITS).contains(&length) {
                continue;
            }
            let letters = beside_letter(text.get(end)) || start > 0 && beside_letter(text.get(start - 1));
            if letters && length < LONG_NUMBER {
                continue;
            }
            self.digits.clear();
            for (start, end) in &self.groups[from..] {
                self.digits.extend_from_slice(&text[*start..*end]);
            }
            let digits = significant(&self.digits);
            if digits.len() >= LEAST_DIGITS {
                sink.number(self.secrets.number(digits), digits);
            }
        }
    }
}

/// A number's digits without the Korean country code and without zeros before it, so that
/// `+82 10-1234-5678`, `010-1234-5678` and the integer 1012345678 are one.
fn significant(digits: &[u8]) -> &[u8] {
    fn without_zeros(digits: &[u8]) -> &[u8] {
        &digits[digits.iter().take_while(|digit| **digit == b'0').count()..]
    }
    let digits = without_zeros(digits);
    match digits.strip_prefix(b"82") {
        Some(national) if (9..=11).contains(&national.len()) => without_zeros(national),
        _ => digits,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::Key;

    #[derive(Default)]
    struct Heard(Vec<String>);

    impl Sink for Heard {
        fn words(&mut self, _: u64, canonical: &[u8], _: usize) {
            self.0.push(String::from_utf8_lossy(canonical).into_owned());
        }
        fn segment(&mut self, _: u64, canonical: &[u8]) {
            self.0.push(format!("<{}>", String::from_utf8_lossy(canonical)));
        }
        fn number(&mut self, _: u64, digits: &[u8]) {
            self.0.push(format!("#{}", String::from_utf8_lossy(digits)));
        }
    }

    fn heard(text: &str) -> Vec<String> {
        let secrets = Secrets::of(&Key::new("a long enough secret").unwrap());
        let mut heard = Heard::default();
        let mut folded = Vec::new();
        super::super::fold::fold(text, &mut folded);
        Cutter::new(&secrets).cut(&folded, &mut heard);
        heard.0
    }

    #[test]
    fn words_keep_what_is_inside_them() {
        assert_eq!(heard("(Kim.Minsu+a@Haneul.example),"), ["kim.minsu+a@haneul.example"]);
        assert_eq!(heard("Jane, Doe"), ["jane", "jane doe", "doe"]);
        assert_eq!(heard("kim@x.kr로"), ["kim@x.kr", "kim@x.kr 로", "로"]);
        assert_eq!(heard("a    b"), ["a", "b", "<a b>"]);
        assert_eq!(heard(r#"{"a":"b c"}"#), ["a", "b", "b c", "c"]);
        assert_eq!(heard("남궁민수님께서"), ["남궁민수님께서", "남궁민수", "남궁민수님", "남궁민수님께"]);
        assert_eq!(heard("a b c d e f g h i").last().unwrap(), "<a b c d e f g h i>");
    }

    #[test]
    fn numbers_are_one_however_they_are_written() {
        let numbers =
            |text: &str| heard(text).into_iter().filter(|it| it.starts_with('#')).collect::<Vec<_>>().join(" ");
        for text in [
            "010-1234-5678",
            "01012345678",
            "+82 10-1234-5678",
            "(+82) 010 1234 5678",
            "tel01012345678",
            "전화 010.1234.5678입니다",
            "1012345678",
        ] {
            assert!(numbers(text).split(' ').any(|it| it == "#1012345678"), "{text}: {}", numbers(text));
        }
        assert!(numbers("room 3 010-1234-5678").contains("#1012345678"));
        assert_eq!(numbers("1234567"), "");
        assert_eq!(numbers("x12345678"), "");
        assert_eq!(numbers("12345678"), "#12345678");
        assert_eq!(numbers("1234    5678"), "");
    }
}

//! Cuts folded text into words and numbers, and hashes every window of them.

use super::hash::Secrets;
use super::map::Map;

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
/// The longest one that may have a particle.
const LONGEST_WITH_PARTICLE: usize = BEFORE_PARTICLE + PARTICLE + 3;
/// Longest segment that is looked for as a whole, in bytes.
const LONGEST_SEGMENT: usize = 1 << 20;
/// Words of a longer one that are kept, for windows.
const KEPT_WORDS: usize = 1000;

/// What hears of everything that could be an original.
pub(super) trait Sink {
    /// A window of words, joined by single spaces.
    fn words(&mut self, hash: u64, canonical: &[u8], words: usize);
    /// All between two quotation marks, or two ends, when that is more than one window.
    fn segment(&mut self, hash: u64, canonical: &[u8]);
    /// A number's digits.
    fn number(&mut self, hash: u64, digits: &[u8]);
    /// Whether it wants to hear of what has this hash. Most is not wanted, which saves spelling it out.
    fn wants(&mut self, _hash: u64) -> bool {
        true
    }
    /// Whether it wants to hear of anything that begins with this word, of which this is the hash.
    fn begins(&mut self, _word: u64) -> bool {
        true
    }
}

/// A window that the next word would make longer.
#[derive(Clone, Copy)]
struct Open {
    hash: u64,
    words: usize,
}

/// Cuts text. Its memory is that of the longest segment.
pub(super) struct Cutter<'a> {
    secrets: &'a Secrets,
    /// The segment so far: where its words are. Of one that is too long, its last words.
    segment: Vec<(usize, usize)>,
    /// Bytes of these, and of spaces between them.
    length: usize,
    too_long: bool,
    open: Vec<Open>,
    /// Of the segment so far.
    whole: u64,
    runs: usize,
    canonical: Vec<u8>,
    groups: Vec<Group>,
    digits: Vec<u8>,
}

/// Digits with no separator between them.
struct Group {
    start: usize,
    end: usize,
    /// Where they begin among the digits of their run.
    digits: usize,
}

impl<'a> Cutter<'a> {
    pub(super) fn new(secrets: &'a Secrets) -> Self {
        Cutter {
            secrets,
            segment: Vec::new(),
            length: 0,
            too_long: false,
            open: Vec::new(),
            whole: secrets.beginning(),
            runs: 0,
            canonical: Vec::new(),
            groups: Vec::new(),
            digits: Vec::new(),
        }
    }

    /// Hears everything in a folded text, of which `map` is drawn.
    pub(super) fn cut(&mut self, folded: &[u8], map: &Map, sink: &mut impl Sink) {
        // No words are remembered that have no letter.
        if map.letters {
            self.cut_words(folded, map, sink);
        }
        map.runs::<8>(|block| block.numerals, |start, end| self.cut_numbers(folded, start, end, sink));
    }

    fn cut_words(&mut self, text: &[u8], map: &Map, sink: &mut impl Sink) {
        let (mut last_end, mut quoted) = (0, false);
        let (mut words_before, mut others_before) = (0, 0);
        for (index, block) in map.blocks().iter().enumerate() {
            let word_starts = block.words & !(block.words << 1 | words_before);
            let other_starts = block.others & !(block.others << 1 | others_before);
            (words_before, others_before) = (block.words >> 63, block.others >> 63);
            let mut events = word_starts | other_starts | block.quotes;
            while events != 0 {
                let bit = events & events.wrapping_neg();
                let at = index * 64 + events.trailing_zeros() as usize;
                events ^= bit;
                if block.quotes & bit != 0 {
                    self.end_segment(text, sink);
                    quoted = true;
                    continue;
                }
                let other = block.others & bit != 0;
                let end = if other { map.end(at, |block| block.others) } else { map.end(at, |block| block.words) };
                let near = at - last_end <= WIDEST_GAP && !quoted;
                self.word(text, at, end, near, other, sink);
                (last_end, quoted) = (end, false);
            }
        }
        self.end_segment(text, sink);
    }

    #[inline]
    fn word(&mut self, text: &[u8], start: usize, end: usize, near: bool, other: bool, sink: &mut impl Sink) {
        if !near || self.segment.is_empty() {
            self.open.clear();
            self.runs += 1;
        }
        if self.length > LONGEST_SEGMENT {
            self.too_long = true;
        }
        if self.too_long && self.segment.len() >= 2 * KEPT_WORDS {
            self.segment.drain(..self.segment.len() - KEPT_WORDS);
        }
        self.segment.push((start, end));
        self.length += end - start + 1;
        let word = self.secrets.word_in(text, start, end);
        self.whole = self.secrets.joined(self.whole, word);
        if !self.open.is_empty() {
            self.longer_windows(text, word, sink);
        }
        if sink.begins(word) {
            let alone = self.secrets.joined(self.secrets.beginning(), word);
            if sink.wants(alone) {
                spell(&mut self.canonical, text, &[(start, end)]);
                sink.words(alone, &self.canonical, 1);
            }
            self.open.push(Open { hash: alone, words: 1 });
        }
        if other {
            self.before_particle(&text[start..end], sink);
        }
    }

    fn longer_windows(&mut self, text: &[u8], word: u64, sink: &mut impl Sink) {
        self.open.retain(|open| open.words < MOST_WORDS);
        for open in &mut self.open {
            open.hash = self.secrets.joined(open.hash, word);
            open.words += 1;
            if sink.wants(open.hash) {
                spell(&mut self.canonical, text, &self.segment[self.segment.len() - open.words..]);
                sink.words(open.hash, &self.canonical, open.words);
            }
        }
    }

    /// A word of Hangul without what may be a particle.
    fn before_particle(&self, word: &[u8], sink: &mut impl Sink) {
        // Letters of one byte are not among these, and none has more than four.
        if word.len() <= 2 * BEFORE_PARTICLE || word.len() > 4 * LONGEST_WITH_PARTICLE {
            return;
        }
        let Ok(word) = std::str::from_utf8(word) else { return };
        let letters = word.chars().count();
        if letters <= BEFORE_PARTICLE || letters > LONGEST_WITH_PARTICLE {
            return;
        }
        for (index, (end, _)) in word.char_indices().enumerate() {
            if index >= BEFORE_PARTICLE && letters - index <= PARTICLE {
                let stem = self.secrets.word_in(word.as_bytes(), 0, end);
                let hash = self.secrets.joined(self.secrets.beginning(), stem);
                if sink.begins(stem) && sink.wants(hash) {
                    sink.words(hash, &word.as_bytes()[..end], 1);
                }
            }
        }
    }

    fn end_segment(&mut self, text: &[u8], sink: &mut impl Sink) {
        let several = self.segment.len() > MOST_WORDS || self.runs > 1;
        if !self.too_long && several && sink.wants(self.whole) {
            spell(&mut self.canonical, text, &self.segment);
            sink.segment(self.whole, &self.canonical);
        }
        self.segment.clear();
        self.open.clear();
        (self.whole, self.length, self.too_long, self.runs) = (self.secrets.beginning(), 0, false, 0);
    }

    /// Groups of digits, near each other, as numbers: every window of them. Between `from` and `to` is nothing
    /// but digits and what may separate them.
    fn cut_numbers(&mut self, text: &[u8], from: usize, to: usize, sink: &mut impl Sink) {
        self.groups.clear();
        self.digits.clear();
        let mut at = from;
        while at < to {
            if !text[at].is_ascii_digit() {
                at += 1;
                continue;
            }
            let (start, digits) = (at, self.digits.len());
            while at < to && text[at].is_ascii_digit() {
                self.digits.push(text[at]);
                at += 1;
            }
            if self.groups.last().is_some_and(|last| start - last.end > WIDEST_GAP) {
                self.groups.clear();
            }
            if self.groups.len() == MOST_GROUPS {
                self.groups.remove(0);
            }
            self.groups.push(Group { start, end: at, digits });
            self.numbers_that_end_here(text, at, sink);
        }
    }

    fn numbers_that_end_here(&self, text: &[u8], end: usize, sink: &mut impl Sink) {
        let beside_letter = |at: Option<&u8>| at.is_some_and(u8::is_ascii_alphabetic);
        for group in self.groups.iter().rev() {
            let digits = &self.digits[group.digits..];
            if digits.len() < LEAST_DIGITS {
                continue;
            }
            if digits.len() > MOST_DIGITS {
                return;
            }
            let letters = beside_letter(text.get(end)) || group.start > 0 && beside_letter(text.get(group.start - 1));
            if letters && digits.len() < LONG_NUMBER {
                continue;
            }
            let digits = significant(digits);
            if digits.len() >= LEAST_DIGITS {
                let hash = self.secrets.number(digits);
                if sink.wants(hash) {
                    sink.number(hash, digits);
                }
            }
        }
    }
}

/// Words as they are remembered: in small letters, with single spaces between them.
fn spell(canonical: &mut Vec<u8>, text: &[u8], words: &[(usize, usize)]) {
    canonical.clear();
    for (start, end) in words {
        if !canonical.is_empty() {
            canonical.push(b' ');
        }
        canonical.extend_from_slice(&text[*start..*end]);
    }
    canonical.make_ascii_lowercase();
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
        let mut map = Map::default();
        map.draw(&folded);
        Cutter::new(&secrets).cut(&folded, &map, &mut heard);
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

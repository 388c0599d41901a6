//! Which of many values may hold an original. A filter of millions of originals is larger than a processor's
//! caches, so that each question waits for memory; asked for hundreds of values at once, the waiting is one.

use super::known::Known;
use super::readings::Reader;
use super::tokens::Sink;

/// Questions that are gathered.
const QUESTIONS: usize = 4096;
/// A value so long is not held.
const LONGEST: usize = 64 << 10;

/// A value that is held.
struct Held {
    /// Where it is among the bytes.
    end: usize,
    /// Where its questions end.
    starts: usize,
    wholes: usize,
    /// What the caller calls it: a column's index.
    column: usize,
    is_bytes: bool,
    /// In how many rows it follows itself.
    rows: u64,
}

/// A value that may hold an original.
pub(super) struct Suspect<'a> {
    pub value: &'a [u8],
    pub column: usize,
    pub is_bytes: bool,
    /// In how many rows.
    pub rows: u64,
}

/// Gathers values.
pub(super) struct Sieve<'a> {
    known: &'a Known,
    reader: Reader<'a>,
    bytes: Vec<u8>,
    held: Vec<Held>,
    questions: Questions,
    /// The last value of each column.
    last: Vec<Option<usize>>,
}

impl<'a> Sieve<'a> {
    pub(super) fn new(known: &'a Known) -> Self {
        Sieve {
            known,
            reader: Reader::new(known.secrets()),
            bytes: Vec::new(),
            held: Vec::new(),
            questions: Questions::default(),
            last: Vec::new(),
        }
    }

    /// Whether it is full, and suspects are to be taken out.
    pub(super) fn is_full(&self) -> bool {
        self.questions.starts.len() + self.questions.wholes.len() >= QUESTIONS || self.bytes.len() >= LONGEST
    }

    /// Takes a value. One that is too long to be held is given back.
    pub(super) fn put<'v>(&mut self, column: usize, value: &'v [u8], is_bytes: bool) -> Option<Suspect<'v>> {
        if value.len() >= LONGEST {
            return Some(Suspect { value, column, is_bytes, rows: 1 });
        }
        if self.last.len() <= column {
            self.last.resize(column + 1, None);
        }
        if let Some(last) = self.last[column]
            && self.value(last) == value
        {
            self.held[last].rows += 1;
            return None;
        }
        self.last[column] = Some(self.held.len());
        self.bytes.extend_from_slice(value);
        self.reader.value(value, is_bytes, &mut self.questions);
        let (starts, wholes) = (self.questions.starts.len(), self.questions.wholes.len());
        self.held.push(Held { end: self.bytes.len(), starts, wholes, column, is_bytes, rows: 1 });
        None
    }

    fn value(&self, at: usize) -> &[u8] {
        let start = if at == 0 { 0 } else { self.held[at - 1].end };
        &self.bytes[start..self.held[at].end]
    }

    /// Hears of the suspects, and is empty again.
    pub(super) fn sift(&mut self, mut hear: impl FnMut(Suspect<'_>)) {
        let (mut starts, mut wholes) = (0, 0);
        for (at, held) in self.held.iter().enumerate() {
            // Every question is asked, without waiting for the answer to the one before.
            let begins = |found, hash: &u64| found | self.known.begins(*hash);
            let holds = |found, hash: &u64| found | self.known.may_hold(*hash);
            let suspect = self.questions.starts[starts..held.starts].iter().fold(false, begins)
                | self.questions.wholes[wholes..held.wholes].iter().fold(false, holds);
            (starts, wholes) = (held.starts, held.wholes);
            if suspect {
                let (column, is_bytes, rows) = (held.column, held.is_bytes, held.rows);
                hear(Suspect { value: self.value(at), column, is_bytes, rows });
            }
        }
        self.bytes.clear();
        self.held.clear();
        self.questions.starts.clear();
        self.questions.wholes.clear();
        self.last.clear();
    }
}

/// What is to be asked of the originals.
#[derive(Default)]
struct Questions {
    /// Whether any of them begins with this word.
    starts: Vec<u64>,
    /// Whether any of them has this hash.
    wholes: Vec<u64>,
}

impl Sink for Questions {
    fn words(&mut self, _: u64, _: &[u8], _: usize) {}
    fn segment(&mut self, _: u64, _: &[u8]) {}
    fn number(&mut self, _: u64, _: &[u8]) {}
    #[inline]
    fn wants(&mut self, hash: u64) -> bool {
        self.wholes.push(hash);
        false
    }
    #[inline]
    fn begins(&mut self, word: u64) -> bool {
        self.starts.push(word);
        false
    }
}

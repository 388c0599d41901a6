//! The fingerprints in memory: 40 bytes each, and four more for filters that answer most questions.

use super::hash::Secrets;
use super::tokens::Sink;

/// A fingerprint of an original.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Fingerprint {
    pub first: u64,
    pub second: u64,
    /// Index of the original column.
    pub of: u32,
    /// The hash of the first of several words.
    pub start: Option<u64>,
}

/// All of them.
pub(super) struct Known {
    secrets: Secrets,
    sorted: Vec<Fingerprint>,
    /// Where those begin whose first bits are the index.
    begins: Vec<u32>,
    shift: u32,
    filter: Vec<u64>,
    /// The same of first words.
    starts: Vec<u64>,
    mask: u64,
}

impl Known {
    pub(super) fn new(secrets: Secrets, mut sorted: Vec<Fingerprint>) -> Known {
        sorted.sort_unstable();
        sorted.dedup_by_key(|print| (print.first, print.second));
        // About four fingerprints for a bucket.
        let bits = (sorted.len() / 4).max(1).next_power_of_two().trailing_zeros().max(1);
        let shift = 64 - bits;
        let mut begins = vec![0_u32; (1 << bits) + 1];
        for print in &sorted {
            begins[(print.first >> shift) as usize + 1] += 1;
        }
        for at in 1..begins.len() {
            begins[at] += begins[at - 1];
        }
        let words = (sorted.len() / 4).max(1).next_power_of_two();
        let (filter, starts, mask) = (vec![0; words], vec![0; words], words as u64 - 1);
        let mut known = Known { secrets, sorted, begins, shift, filter, starts, mask };
        for at in 0..known.sorted.len() {
            let (word, bits) = known.place(known.sorted[at].first);
            known.filter[word] |= bits;
            if let Some(start) = known.sorted[at].start {
                let (word, bits) = known.place(start);
                known.starts[word] |= bits;
            }
        }
        known
    }

    pub(super) fn len(&self) -> usize {
        self.sorted.len()
    }

    pub(super) fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Which bits of which word of the filter stand for a hash.
    #[inline]
    fn place(&self, first: u64) -> (usize, u64) {
        let bits = 1 << (first & 63) | 1 << (first >> 6 & 63) | 1 << (first >> 12 & 63);
        ((first >> 18 & self.mask) as usize, bits)
    }

    #[inline]
    fn may_hold(&self, first: u64) -> bool {
        let (word, bits) = self.place(first);
        self.filter[word] & bits == bits
    }

    /// The column whose original this is.
    fn find(&self, first: u64, canonical: &[u8]) -> Option<u32> {
        let bucket = (first >> self.shift) as usize;
        let range = self.begins[bucket] as usize..self.begins[bucket + 1] as usize;
        let mut same = self.sorted[range].iter().filter(|print| print.first == first).peekable();
        same.peek()?;
        let second = self.secrets.second(canonical);
        same.find(|print| print.second == second).map(|print| print.of)
    }
}

/// Notes the original columns of what is found in one value.
pub(super) struct Finder<'a> {
    known: &'a Known,
    /// Indexes of original columns, each once.
    pub found: Vec<u32>,
}

impl<'a> Finder<'a> {
    pub(super) fn new(known: &'a Known) -> Self {
        Finder { known, found: Vec::new() }
    }

    #[inline]
    fn look(&mut self, hash: u64, canonical: &[u8]) {
        if self.known.may_hold(hash)
            && let Some(of) = self.known.find(hash, canonical)
            && !self.found.contains(&of)
        {
            self.found.push(of);
        }
    }
}

impl Sink for Finder<'_> {
    #[inline]
    fn words(&mut self, hash: u64, canonical: &[u8], _: usize) {
        self.look(hash, canonical);
    }
    fn segment(&mut self, hash: u64, canonical: &[u8]) {
        self.look(hash, canonical);
    }
    fn number(&mut self, hash: u64, digits: &[u8]) {
        self.look(hash, digits);
    }
    #[inline]
    fn begins(&self, word: u64) -> bool {
        let (word, bits) = self.known.place(word);
        self.known.starts[word] & bits == bits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::Key;

    #[test]
    fn the_second_hash_decides() {
        let secrets = Secrets::of(&Key::new("a long enough secret").unwrap());
        let prints = (0..10_000_u64).map(|n| {
            let word = format!("word{n}");
            Fingerprint {
                first: secrets.word(word.as_bytes()),
                second: secrets.second(word.as_bytes()),
                of: 7,
                start: None,
            }
        });
        let known = Known::new(secrets.clone(), prints.collect());
        let mut finder = Finder::new(&known);
        for n in 0..10_000 {
            let word = format!("word{n}");
            finder.look(secrets.word(word.as_bytes()), b"another value");
            assert!(finder.found.is_empty(), "the same first hash is not enough");
            assert_eq!(known.find(secrets.word(word.as_bytes()), word.as_bytes()), Some(7));
            let other = format!("other{n}");
            assert_eq!(known.find(secrets.word(other.as_bytes()), other.as_bytes()), None);
        }
        let none = Known::new(secrets.clone(), Vec::new());
        assert!(none.len() == 0 && !none.may_hold(5) && none.find(5, b"").is_none());
    }
}

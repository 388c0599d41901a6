//! The fingerprints in memory: 24 bytes each, and about five more for two filters, which answer most questions,
//! and an index.

use super::hash::Secrets;
use super::tokens::Sink;

/// A fingerprint of an original.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Fingerprint {
    pub first: u64,
    pub second: u64,
    /// Index of the original column.
    pub of: u32,
}

/// All of them.
pub(super) struct Known {
    secrets: Secrets,
    sorted: Vec<Fingerprint>,
    /// Where those begin whose first bits are the index.
    buckets: Vec<u32>,
    shift: u32,
    filter: Vec<u64>,
    /// The same of the words that originals begin with.
    starts: Vec<u64>,
}

/// Gathers fingerprints.
pub(super) struct Gathered {
    prints: Vec<Fingerprint>,
    filter: Vec<u64>,
    starts: Vec<u64>,
}

impl Gathered {
    /// For about so many.
    pub(super) fn new(count: usize) -> Gathered {
        let words = (count / 4).max(1).next_power_of_two();
        Gathered { prints: Vec::with_capacity(count), filter: vec![0; words], starts: vec![0; words] }
    }

    /// One, with the hash of its first word where it is a window of words.
    pub(super) fn add(&mut self, print: Fingerprint, start: Option<u64>) {
        let mask = self.filter.len() as u64 - 1;
        let (word, bits) = place(print.first, mask);
        self.filter[word] |= bits;
        if let Some(start) = start {
            let (word, bits) = place(start, mask);
            self.starts[word] |= bits;
        }
        self.prints.push(print);
    }
}

/// Which bits of which word of a filter stand for a hash.
#[inline]
fn place(hash: u64, mask: u64) -> (usize, u64) {
    let bits = 1 << (hash & 63) | 1 << (hash >> 6 & 63) | 1 << (hash >> 12 & 63);
    ((hash >> 18 & mask) as usize, bits)
}

#[inline]
fn holds(filter: &[u64], hash: u64) -> bool {
    let (word, bits) = place(hash, filter.len() as u64 - 1);
    filter[word] & bits == bits
}

impl Known {
    pub(super) fn new(secrets: Secrets, gathered: Gathered) -> Known {
        let Gathered { prints: mut sorted, filter, starts } = gathered;
        sorted.sort_unstable();
        sorted.dedup_by_key(|print| (print.first, print.second));
        // About four fingerprints for a bucket.
        let bits = (sorted.len() / 4).max(1).next_power_of_two().trailing_zeros().max(1);
        let shift = 64 - bits;
        let mut buckets = vec![0_u32; (1 << bits) + 1];
        for print in &sorted {
            buckets[(print.first >> shift) as usize + 1] += 1;
        }
        for at in 1..buckets.len() {
            buckets[at] += buckets[at - 1];
        }
        Known { secrets, sorted, buckets, shift, filter, starts }
    }

    pub(super) fn len(&self) -> usize {
        self.sorted.len()
    }

    pub(super) fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Whether an original may have this hash.
    #[inline]
    pub(super) fn may_hold(&self, first: u64) -> bool {
        holds(&self.filter, first)
    }

    /// Whether an original may begin with the word of this hash.
    #[inline]
    pub(super) fn begins(&self, word: u64) -> bool {
        holds(&self.starts, word)
    }

    /// The column whose original this is.
    fn find(&self, first: u64, canonical: &[u8]) -> Option<u32> {
        let bucket = (first >> self.shift) as usize;
        let range = self.buckets[bucket] as usize..self.buckets[bucket + 1] as usize;
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

    fn look(&mut self, hash: u64, canonical: &[u8]) {
        if let Some(of) = self.known.find(hash, canonical)
            && !self.found.contains(&of)
        {
            self.found.push(of);
        }
    }
}

impl Sink for Finder<'_> {
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
    fn wants(&mut self, hash: u64) -> bool {
        self.known.may_hold(hash)
    }
    #[inline]
    fn begins(&mut self, word: u64) -> bool {
        self.known.begins(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::Key;

    #[test]
    fn the_second_hash_decides() {
        let secrets = Secrets::of(&Key::new("a long enough secret").unwrap());
        let mut prints = Gathered::new(10_000);
        for n in 0..10_000_u64 {
            let word = format!("word{n}");
            let (first, second) = (secrets.word(word.as_bytes()), secrets.second(word.as_bytes()));
            prints.add(Fingerprint { first, second, of: 7 }, None);
        }
        let known = Known::new(secrets.clone(), prints);
        let mut finder = Finder::new(&known);
        for n in 0..10_000 {
            let word = format!("word{n}");
            finder.look(secrets.word(word.as_bytes()), b"another value");
            assert!(finder.found.is_empty(), "the same first hash is not enough");
            assert_eq!(known.find(secrets.word(word.as_bytes()), word.as_bytes()), Some(7));
            let other = format!("other{n}");
            assert_eq!(known.find(secrets.word(other.as_bytes()), other.as_bytes()), None);
        }
        let none = Known::new(secrets.clone(), Gathered::new(0));
        assert!(none.len() == 0 && !none.may_hold(5) && none.find(5, b"").is_none());
    }
}

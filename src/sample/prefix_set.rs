//! A sorted set of byte strings with prefix compression: each string is stored without the prefix that it shares with its
//! predecessor.
//!
//! A sample of several million rows with composite keys is kept in memory. A tree of strings would take sixty bytes or
//! more for each of them, most of it pointers.

use std::collections::BTreeMap;
use std::ops::Bound::{Included, Unbounded};

/// The most strings in one block, which is searched linearly.
const BLOCK: usize = 256;
/// The least bytes by which a block grows. With fewer it is reallocated more often, which fragments memory.
const GROWTH: usize = 64;

/// The set: sorted blocks, each under a lower bound of its strings. The bound of the first block, which alone may be empty,
/// is the empty string.
#[derive(Clone, Debug, Default)]
pub struct PrefixSet {
    blocks: BTreeMap<Box<[u8]>, Block>,
    count: u64,
}

/// Sorted strings. An entry has the number of bytes shared with the previous string, the number of its own bytes, and
/// these bytes.
#[derive(Clone, Debug, Default)]
struct Block {
    bytes: Vec<u8>,
    count: usize,
}

/// The position of a string in a block: before the entry at `at`, with `shared` bytes in common with the previous one.
struct Insertion {
    at: usize,
    shared: usize,
}

/// A decoded entry of a block.
struct Entry {
    shared: usize,
    /// The range of its own bytes.
    from: usize,
    to: usize,
}

impl PrefixSet {
    /// Adds a string and returns whether it is new.
    pub fn insert(&mut self, key: &[u8]) -> bool {
        let Some((_, block)) = self.blocks.range_mut::<[u8], _>((Unbounded, Included(key))).next_back() else {
            self.blocks.insert(Box::default(), Block::of(key));
            self.count += 1;
            return true;
        };
        let Err(insertion) = block.find(key) else { return false };
        self.count += 1;
        let next = if block.count < BLOCK {
            block.insert(&insertion, key);
            return true;
        } else if insertion.at == block.bytes.len() {
            // Strings added in order fill one block after the other.
            block.bytes.shrink_to_fit();
            Block::of(key)
        } else {
            block.insert(&insertion, key);
            block.split()
        };
        self.blocks.insert(next.first().into(), next);
        true
    }

    /// Whether the set contains a string.
    pub fn contains(&self, key: &[u8]) -> bool {
        let block = self.blocks.range::<[u8], _>((Unbounded, Included(key))).next_back();
        block.is_some_and(|(_, block)| block.find(key).is_ok())
    }

    /// The number of strings.
    pub fn len(&self) -> u64 {
        self.count
    }

    /// Removes the strings that the predicate rejects.
    pub fn retain(&mut self, mut is_kept: impl FnMut(&[u8]) -> bool) {
        self.blocks.retain(|bound, block| {
            block.retain(&mut is_kept);
            // The first block stays, even empty: `insert` finds a block for every string.
            block.count > 0 || bound.is_empty()
        });
        self.count = self.blocks.values().map(|block| block.count as u64).sum();
    }

    /// Returns all strings in order, except the first `skipped` ones.
    pub fn iter_from(&self, skipped: usize) -> impl Iterator<Item = Vec<u8>> + Send + '_ {
        let (mut blocks, mut remaining) = (self.blocks.values().peekable(), skipped);
        while let Some(block) = blocks.next_if(|block| block.count <= remaining) {
            remaining -= block.count;
        }
        blocks.flat_map(Block::keys).skip(remaining)
    }

    /// Returns all strings in order and frees the memory.
    pub fn into_keys(self) -> impl Iterator<Item = Vec<u8>> + Send {
        self.blocks.into_values().flat_map(|block| block.keys())
    }
}

impl Block {
    fn of(key: &[u8]) -> Block {
        let mut block = Block::default();
        block.insert(&Insertion { at: 0, shared: 0 }, key);
        block
    }

    fn first(&self) -> &[u8] {
        let entry = self.entry(0);
        &self.bytes[entry.from..entry.to]
    }

    /// Returns the position for a string that the block does not contain. No string is decoded for that: one that shares
    /// more bytes with its predecessor than the predecessor shares with the key is on the same side of the key.
    fn find(&self, key: &[u8]) -> Result<(), Insertion> {
        let (mut at, mut shared) = (0, 0);
        while at < self.bytes.len() {
            let entry = self.entry(at);
            if entry.shared < shared {
                break;
            }
            if entry.shared == shared {
                let (own, wanted) = (&self.bytes[entry.from..entry.to], &key[shared..]);
                let more = common(own, wanted);
                match (own.get(more), wanted.get(more)) {
                    (None, None) => return Ok(()),
                    (Some(own), Some(wanted)) if own > wanted => break,
                    (Some(_), None) => break,
                    _ => shared += more,
                }
            }
            at = entry.to;
        }
        Err(Insertion { at, shared })
    }

    /// Inserts a string at its position.
    fn insert(&mut self, insertion: &Insertion, key: &[u8]) {
        let mut new = Vec::with_capacity(key.len() + 8);
        write_head(&mut new, insertion.shared, key.len() - insertion.shared);
        new.extend_from_slice(&key[insertion.shared..]);
        let mut replaced = insertion.at;
        if insertion.at < self.bytes.len() {
            // The next entry shares with the new one at least what it shared with its old predecessor.
            let next = self.entry(insertion.at);
            let own = &self.bytes[next.from..next.to];
            let more = if next.shared == insertion.shared { common(own, &key[insertion.shared..]) } else { 0 };
            write_head(&mut new, next.shared + more, own.len() - more);
            replaced = next.from + more;
        }
        let growth = new.len() - (replaced - insertion.at);
        if self.bytes.capacity() < self.bytes.len() + growth {
            self.bytes.reserve_exact(growth.max(GROWTH));
        }
        self.bytes.splice(insertion.at..replaced, new);
        self.count += 1;
    }

    /// Removes and returns the upper half.
    fn split(&mut self) -> Block {
        let (mut at, mut first, low) = (0, Vec::new(), self.count / 2);
        for _ in 0..low {
            at = self.read(at, &mut first);
        }
        let next = self.read(at, &mut first);
        let mut high =
            Block { bytes: Vec::with_capacity(self.bytes.len() - at + first.len()), count: self.count - low };
        write_head(&mut high.bytes, 0, first.len());
        high.bytes.extend_from_slice(&first);
        high.bytes.extend_from_slice(&self.bytes[next..]);
        self.bytes.truncate(at);
        self.bytes.shrink_to_fit();
        self.count = low;
        high
    }

    fn retain(&mut self, mut is_kept: impl FnMut(&[u8]) -> bool) {
        let (mut kept, mut last) = (Block::default(), Vec::new());
        for key in self.keys().into_iter().filter(|key| is_kept(key)) {
            let insertion = Insertion { at: kept.bytes.len(), shared: common(&last, &key) };
            kept.insert(&insertion, &key);
            last = key;
        }
        if kept.count < self.count {
            kept.bytes.shrink_to_fit();
            *self = kept;
        }
    }

    /// Turns the string of the previous entry into that of this entry. Returns the position of the next one.
    fn read(&self, at: usize, current: &mut Vec<u8>) -> usize {
        let entry = self.entry(at);
        current.truncate(entry.shared);
        current.extend_from_slice(&self.bytes[entry.from..entry.to]);
        entry.to
    }

    fn keys(&self) -> Vec<Vec<u8>> {
        let (mut at, mut current, mut keys) = (0, Vec::new(), Vec::with_capacity(self.count));
        while at < self.bytes.len() {
            at = self.read(at, &mut current);
            keys.push(current.clone());
        }
        keys
    }

    fn entry(&self, at: usize) -> Entry {
        let head = self.bytes[at];
        let (mut shared, mut own, mut from) = (usize::from(head >> 4), usize::from(head & NIBBLE), at + 1);
        for part in [&mut shared, &mut own] {
            if *part == usize::from(NIBBLE) {
                let (more, next) = read_number(&self.bytes, from);
                (*part, from) = (*part + more, next);
            }
        }
        Entry { shared, from, to: from + own }
    }
}

/// The value of half of an entry's first byte that means that the rest of the number follows.
const NIBBLE: u8 = 15;

/// Returns the length of the common prefix.
fn common(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

/// Writes both numbers into one byte, followed by the rest of each number that does not fit.
fn write_head(bytes: &mut Vec<u8>, shared: usize, own: usize) {
    let most = usize::from(NIBBLE);
    bytes.push((shared.min(most) << 4 | own.min(most)) as u8);
    for mut number in [shared, own].into_iter().filter_map(|number| number.checked_sub(most)) {
        // Seven bits in each byte, the lowest first.
        while number > 0x7f {
            bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        bytes.push(number as u8);
    }
}

/// Reads a number. Returns it with the position of the next byte.
fn read_number(bytes: &[u8], mut at: usize) -> (usize, usize) {
    let (mut value, mut shift) = (0, 0);
    loop {
        let byte = bytes[at];
        at += 1;
        value |= usize::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return (value, at);
        }
        shift += 7;
    }
}

#[cfg(test)]
impl PrefixSet {
    /// The bytes that the set takes, including the overhead of the allocator.
    pub(super) fn bytes(&self) -> usize {
        let blocks = self.blocks.iter().map(|(bound, block)| bound.len() + block.bytes.capacity() + 32);
        // Nodes of the tree are about two thirds full.
        blocks.sum::<usize>() + self.blocks.len() * size_of::<(Box<[u8]>, Block)>() * 3 / 2
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_set_equals_a_tree(
            keys in proptest::collection::vec("[ab]{0,9}|[a-z]{200}|a{14,18}b{0,18}", 0..900),
            removed in "[ab]{0,2}",
            skipped in 0..900_usize,
        ) {
            let (mut set, mut tree) = (PrefixSet::default(), BTreeSet::new());
            for key in &keys {
                prop_assert_eq!(set.insert(key.as_bytes()), tree.insert(key.as_bytes().to_vec()));
            }
            prop_assert!(keys.iter().all(|key| set.contains(key.as_bytes())) && !set.contains(b"abc1"));
            prop_assert!(set.iter_from(skipped).eq(tree.iter().skip(skipped).cloned()));
            set.retain(|key| !key.starts_with(removed.as_bytes()));
            tree.retain(|key| !key.starts_with(removed.as_bytes()));
            prop_assert!(keys.iter().all(|key| set.contains(key.as_bytes()) == tree.contains(key.as_bytes())));
            for key in &keys {
                prop_assert_eq!(set.insert(key.as_bytes()), tree.insert(key.as_bytes().to_vec()));
            }
            prop_assert_eq!(set.len(), tree.len() as u64);
            prop_assert_eq!(set.iter_from(0).collect::<Vec<_>>(), tree.into_iter().collect::<Vec<_>>());
            prop_assert!(set.clone().into_keys().eq(set.iter_from(0)));
        }
    }

    #[test]
    fn similar_strings_are_compact() {
        for order in [|at: u64| at, |at| 59_999 - at, |at| at * 7_919 % 60_000] {
            let mut set = PrefixSet::default();
            for at in 0..60_000_u64 {
                set.insert(&[(order(at) / 3).to_be_bytes(), (order(at) % 3).to_be_bytes()].concat());
            }
            assert!(set.len() == 60_000 && set.bytes() < 480_000, "{}", set.bytes());
            // Blocks were split, and nothing was lost.
            assert!(set.blocks.len() > 1 && set.iter_from(0).is_sorted());
        }
    }
}

//! A sorted set of byte strings, of which each takes little more room than what its neighbour has not.
//!
//! A sample of some million rows with composite keys is held in memory. A tree of strings would take sixty bytes
//! and more for each, and most of them would be pointers.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::{Bound, Range};

/// Strings in one block: what has to be gone through for each one that is added.
const FULL: usize = 64;

/// The set: blocks, by the first string of each.
#[derive(Clone, Debug, Default)]
pub struct Packed {
    blocks: BTreeMap<Box<[u8]>, Block>,
    count: u64,
}

/// Sorted strings: of each how many bytes it shares with the one before, how many follow, and these.
#[derive(Clone, Debug, Default)]
struct Block {
    bytes: Vec<u8>,
    count: usize,
}

/// Where a string is in a block, or would be.
enum Place {
    Here,
    /// Before the entry in this range of bytes, which is this string; behind `previous`.
    Before(Range<usize>, Vec<u8>, Vec<u8>),
    Last(Vec<u8>),
}

impl Packed {
    /// Adds one; answers whether it is new.
    pub fn insert(&mut self, key: &[u8]) -> bool {
        let Some((_, block)) = self.blocks.range_mut::<[u8], _>(to(key)).next_back() else {
            self.insert_first(key);
            return true;
        };
        match block.find(key) {
            Place::Here => return false,
            // What comes in order fills block after block.
            Place::Last(_) if block.count >= FULL => drop(self.blocks.insert(key.into(), Block::of([key]))),
            Place::Last(previous) => block.push(&previous, key),
            Place::Before(range, previous, next) => {
                block.put(range, &previous, key, &next);
                if block.count > FULL {
                    let keys = block.keys();
                    let (low, high) = keys.split_at(keys.len() / 2);
                    *block = Block::of(low.iter().map(Vec::as_slice));
                    self.blocks.insert(high[0].as_slice().into(), Block::of(high.iter().map(Vec::as_slice)));
                }
            }
        }
        self.count += 1;
        true
    }

    /// Adds one that comes before all others.
    fn insert_first(&mut self, key: &[u8]) {
        let first = self.blocks.first_entry().filter(|entry| entry.get().count < FULL).map(|entry| entry.remove());
        let keys = first.map(|block| block.keys()).unwrap_or_default();
        let all = std::iter::once(key).chain(keys.iter().map(Vec::as_slice));
        self.blocks.insert(key.into(), Block::of(all));
        self.count += 1;
    }

    /// Whether it is in the set.
    pub fn contains(&self, key: &[u8]) -> bool {
        let block = self.blocks.range::<[u8], _>(to(key)).next_back();
        block.is_some_and(|(_, block)| matches!(block.find(key), Place::Here))
    }

    /// How many there are.
    pub fn len(&self) -> u64 {
        self.count
    }

    /// All of them, in their order.
    pub fn iter(&self) -> impl Iterator<Item = Vec<u8>> + Send + '_ {
        self.blocks.values().flat_map(Block::keys)
    }

    /// The same, taken out.
    pub fn into_keys(self) -> impl Iterator<Item = Vec<u8>> + Send {
        self.blocks.into_values().flat_map(|block| block.keys())
    }
}

impl FromIterator<Vec<u8>> for Packed {
    fn from_iter<I: IntoIterator<Item = Vec<u8>>>(keys: I) -> Self {
        let mut set = Packed::default();
        for key in keys {
            set.insert(&key);
        }
        set
    }
}

impl Block {
    fn of<'a>(keys: impl IntoIterator<Item = &'a [u8]>) -> Block {
        let (mut block, mut previous) = (Block::default(), &[][..]);
        for key in keys {
            block.push(previous, key);
            previous = key;
        }
        block
    }

    /// Adds one behind the last.
    fn push(&mut self, last: &[u8], key: &[u8]) {
        let entry = entry(last, key);
        self.bytes.reserve_exact(entry.len());
        self.bytes.extend(entry);
        self.count += 1;
    }

    /// Adds one before another.
    fn put(&mut self, range: Range<usize>, previous: &[u8], key: &[u8], next: &[u8]) {
        let mut both = entry(previous, key);
        both.extend(entry(key, next));
        self.bytes.reserve_exact(both.len() - range.len());
        self.bytes.splice(range, both);
        self.count += 1;
    }

    fn find(&self, key: &[u8]) -> Place {
        let (mut at, mut current, mut previous) = (0, Vec::new(), Vec::new());
        while at < self.bytes.len() {
            let start = at;
            previous.clone_from(&current);
            at = self.read(at, &mut current);
            match current.as_slice().cmp(key) {
                Ordering::Less => {}
                Ordering::Equal => return Place::Here,
                Ordering::Greater => return Place::Before(start..at, previous, current),
            }
        }
        Place::Last(current)
    }

    /// Turns the string before an entry into the entry's; answers where the next one begins.
    fn read(&self, at: usize, current: &mut Vec<u8>) -> usize {
        let (shared, at) = number(&self.bytes, at);
        let (rest, at) = number(&self.bytes, at);
        current.truncate(shared);
        current.extend_from_slice(&self.bytes[at..at + rest]);
        at + rest
    }

    fn keys(&self) -> Vec<Vec<u8>> {
        let (mut at, mut current, mut keys) = (0, Vec::new(), Vec::with_capacity(self.count));
        while at < self.bytes.len() {
            at = self.read(at, &mut current);
            keys.push(current.clone());
        }
        keys
    }
}

fn to(key: &[u8]) -> (Bound<&[u8]>, Bound<&[u8]>) {
    (Bound::Unbounded, Bound::Included(key))
}

fn entry(previous: &[u8], key: &[u8]) -> Vec<u8> {
    let shared = previous.iter().zip(key).take_while(|(a, b)| a == b).count();
    let mut entry = Vec::with_capacity(key.len() - shared + 4);
    for mut number in [shared, key.len() - shared] {
        // Seven bits a byte, the lowest first.
        while number > 0x7f {
            entry.push(number as u8 | 0x80);
            number >>= 7;
        }
        entry.push(number as u8);
    }
    entry.extend_from_slice(&key[shared..]);
    entry
}

fn number(bytes: &[u8], mut at: usize) -> (usize, usize) {
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
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_holds_what_a_tree_holds(keys in proptest::collection::vec("[ab]{0,9}|[a-z]{200}", 0..600)) {
            let (mut packed, mut tree) = (Packed::default(), BTreeSet::new());
            for key in &keys {
                prop_assert_eq!(packed.insert(key.as_bytes()), tree.insert(key.as_bytes().to_vec()));
            }
            prop_assert!(keys.iter().all(|key| packed.contains(key.as_bytes())) && !packed.contains(b"abc1"));
            prop_assert_eq!(packed.len(), tree.len() as u64);
            prop_assert_eq!(packed.iter().collect::<Vec<_>>(), tree.into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn neighbours_take_little_room() {
        for order in [|at: u64| at, |at| 99_999 - at, |at| at * 7_919 % 100_000] {
            let mut packed = Packed::default();
            for at in 0..100_000_u64 {
                packed.insert(&[(order(at) / 3).to_be_bytes(), (order(at) % 3).to_be_bytes()].concat());
            }
            let bytes: usize = packed.blocks.values().map(|block| block.bytes.capacity() + 120).sum();
            assert!(packed.len() == 100_000 && bytes < 1_500_000, "{bytes}");
        }
    }
}

//! A sorted set of byte strings, of which each takes little more room than what its neighbour has not.
//!
//! A sample of some million rows with composite keys is held in memory. A tree of strings would take sixty bytes
//! and more for each, and most of them would be pointers.

/// Strings in one block: what has to be gone through to find one.
const FULL: usize = 128;
/// Blocks in one leaf: what has to be moved when one is added.
const WIDE: usize = 256;
/// Bytes that a block grows by, at least: with fewer it moves more often, and the holes that it leaves are lost.
const STEP: usize = 64;

/// The set: leaves of blocks, none of them empty, in their order.
#[derive(Clone, Debug, Default)]
pub struct Packed {
    leaves: Vec<Vec<Block>>,
    count: u64,
}

/// Sorted strings: of each how many bytes it shares with the one before, how many follow, and these.
#[derive(Clone, Debug, Default)]
struct Block {
    bytes: Vec<u8>,
    count: usize,
}

/// Where a string would be in a block: before the entry that begins `at`, sharing so many bytes with the one before.
struct Place {
    at: usize,
    shared: usize,
}

/// An entry in a block.
struct Entry {
    shared: usize,
    /// Where its own bytes begin and end.
    from: usize,
    to: usize,
}

impl Packed {
    /// Adds one; answers whether it is new.
    pub fn insert(&mut self, key: &[u8]) -> bool {
        // What comes before all others goes into the first block.
        let (leaf, at) = self.find(key).unwrap_or((0, 0));
        let Some(block) = self.leaves.get_mut(leaf).and_then(|blocks| blocks.get_mut(at)) else {
            self.leaves.push(vec![Block::of(key)]);
            self.count = 1;
            return true;
        };
        let Err(place) = block.find(key) else { return false };
        self.count += 1;
        let next = if block.count < FULL {
            block.put(&place, key);
            return true;
        } else if place.at == block.bytes.len() {
            // What comes in order fills block after block.
            block.bytes.shrink_to_fit();
            Block::of(key)
        } else {
            block.put(&place, key);
            block.split()
        };
        self.add(leaf, at + 1, next);
        true
    }

    fn add(&mut self, leaf: usize, at: usize, block: Block) {
        let blocks = &mut self.leaves[leaf];
        blocks.insert(at, block);
        if blocks.len() > WIDE {
            let last = at + 1 == blocks.len();
            let mut high = blocks.split_off(if last { at } else { WIDE / 2 });
            blocks.shrink_to_fit();
            high.shrink_to_fit();
            self.leaves.insert(leaf + 1, high);
        }
    }

    /// The leaf and the block that a string belongs into, if it does not come before all.
    fn find(&self, key: &[u8]) -> Option<(usize, usize)> {
        let leaf = self.leaves.partition_point(|blocks| blocks[0].first() <= key).checked_sub(1)?;
        Some((leaf, self.leaves[leaf].partition_point(|block| block.first() <= key).checked_sub(1)?))
    }

    /// Whether it is in the set.
    pub fn contains(&self, key: &[u8]) -> bool {
        self.find(key).is_some_and(|(leaf, at)| self.leaves[leaf][at].find(key).is_ok())
    }

    /// How many there are.
    pub fn len(&self) -> u64 {
        self.count
    }

    /// Takes those out that are not meant, block by block.
    pub fn retain(&mut self, mut is_meant: impl FnMut(&[u8]) -> bool) {
        for blocks in &mut self.leaves {
            blocks.retain_mut(|block| {
                block.retain(&mut is_meant);
                block.count > 0
            });
        }
        self.leaves.retain(|blocks| !blocks.is_empty());
        self.count = self.leaves.iter().flatten().map(|block| block.count as u64).sum();
    }

    /// All of them, in their order, without the first so many.
    pub fn iter_from(&self, skipped: usize) -> impl Iterator<Item = Vec<u8>> + Send + '_ {
        let (mut blocks, mut left) = (self.leaves.iter().flatten().peekable(), skipped);
        while let Some(block) = blocks.next_if(|block| block.count <= left) {
            left -= block.count;
        }
        blocks.flat_map(Block::keys).skip(left)
    }

    /// All of them, in their order, taken out.
    pub fn into_keys(self) -> impl Iterator<Item = Vec<u8>> + Send {
        self.leaves.into_iter().flatten().flat_map(|block| block.keys())
    }
}

impl Block {
    fn of(key: &[u8]) -> Block {
        let mut block = Block::default();
        block.put(&Place { at: 0, shared: 0 }, key);
        block
    }

    fn first(&self) -> &[u8] {
        let entry = self.entry(0);
        &self.bytes[entry.from..entry.to]
    }

    /// Where a string would be, if it is not there. Nothing is put together for that: a string that shares more
    /// with the one before it than that does with the key stands on the same side of the key.
    fn find(&self, key: &[u8]) -> Result<(), Place> {
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
        Err(Place { at, shared })
    }

    /// Adds one at its place.
    fn put(&mut self, place: &Place, key: &[u8]) {
        let mut new = Vec::with_capacity(key.len() + 8);
        write_head(&mut new, place.shared, key.len() - place.shared);
        new.extend_from_slice(&key[place.shared..]);
        let mut replaced = place.at;
        if place.at < self.bytes.len() {
            // The entry behind shares with the new one at least what it shared with the one before.
            let next = self.entry(place.at);
            let own = &self.bytes[next.from..next.to];
            let more = if next.shared == place.shared { common(own, &key[place.shared..]) } else { 0 };
            write_head(&mut new, next.shared + more, own.len() - more);
            replaced = next.from + more;
        }
        let growth = new.len() - (replaced - place.at);
        if self.bytes.capacity() < self.bytes.len() + growth {
            self.bytes.reserve_exact(growth.max(STEP));
        }
        self.bytes.splice(place.at..replaced, new);
        self.count += 1;
    }

    /// Gives the upper half away.
    fn split(&mut self) -> Block {
        let (mut at, mut first, low) = (0, Vec::new(), self.count / 2);
        for _ in 0..low {
            at = self.read(at, &mut first);
        }
        let behind = self.read(at, &mut first);
        let mut high =
            Block { bytes: Vec::with_capacity(self.bytes.len() - at + first.len()), count: self.count - low };
        write_head(&mut high.bytes, 0, first.len());
        high.bytes.extend_from_slice(&first);
        high.bytes.extend_from_slice(&self.bytes[behind..]);
        self.bytes.truncate(at);
        self.bytes.shrink_to_fit();
        self.count = low;
        high
    }

    fn retain(&mut self, mut is_meant: impl FnMut(&[u8]) -> bool) {
        let (mut kept, mut last) = (Block::default(), Vec::new());
        for key in self.keys().into_iter().filter(|key| is_meant(key)) {
            let place = Place { at: kept.bytes.len(), shared: common(&last, &key) };
            kept.put(&place, &key);
            last = key;
        }
        if kept.count < self.count {
            kept.bytes.shrink_to_fit();
            *self = kept;
        }
    }

    /// Turns the string before an entry into the entry's; answers where the next one begins.
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
        let (mut shared, mut rest, mut from) = (usize::from(head >> 4), usize::from(head & NIBBLE), at + 1);
        for part in [&mut shared, &mut rest] {
            if *part == usize::from(NIBBLE) {
                let (more, behind) = number(&self.bytes, from);
                (*part, from) = (*part + more, behind);
            }
        }
        Entry { shared, from, to: from + rest }
    }
}

/// The most that stands for itself in a half of an entry's first byte.
const NIBBLE: u8 = 15;

fn common(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

/// Writes both numbers into one byte; of what is too large for that, the rest follows.
fn write_head(bytes: &mut Vec<u8>, shared: usize, rest: usize) {
    let most = usize::from(NIBBLE);
    bytes.push((shared.min(most) << 4 | rest.min(most)) as u8);
    for mut number in [shared, rest].into_iter().filter_map(|number| number.checked_sub(most)) {
        // Seven bits a byte, the lowest first.
        while number > 0x7f {
            bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        bytes.push(number as u8);
    }
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
impl Packed {
    /// Bytes that it takes, with what the allocator keeps for itself.
    pub(super) fn bytes(&self) -> usize {
        let leaves = self.leaves.iter().map(|blocks| blocks.capacity() * size_of::<Block>() + 16);
        leaves.sum::<usize>() + self.leaves.iter().flatten().map(|block| block.bytes.capacity() + 16).sum::<usize>()
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
        fn it_holds_what_a_tree_holds(
            keys in proptest::collection::vec("[ab]{0,9}|[a-z]{200}|a{14,18}b{0,18}", 0..900),
            gone in "[ab]{0,2}",
            skipped in 0..900_usize,
        ) {
            let (mut packed, mut tree) = (Packed::default(), BTreeSet::new());
            for key in &keys {
                prop_assert_eq!(packed.insert(key.as_bytes()), tree.insert(key.as_bytes().to_vec()));
            }
            prop_assert!(keys.iter().all(|key| packed.contains(key.as_bytes())) && !packed.contains(b"abc1"));
            prop_assert!(packed.iter_from(skipped).eq(tree.iter().skip(skipped).cloned()));
            packed.retain(|key| !key.starts_with(gone.as_bytes()));
            tree.retain(|key| !key.starts_with(gone.as_bytes()));
            prop_assert!(keys.iter().all(|key| packed.contains(key.as_bytes()) == tree.contains(key.as_bytes())));
            for key in &keys {
                prop_assert_eq!(packed.insert(key.as_bytes()), tree.insert(key.as_bytes().to_vec()));
            }
            prop_assert_eq!(packed.len(), tree.len() as u64);
            prop_assert_eq!(packed.iter_from(0).collect::<Vec<_>>(), tree.into_iter().collect::<Vec<_>>());
            prop_assert!(packed.clone().into_keys().eq(packed.iter_from(0)));
        }
    }

    #[test]
    fn neighbours_take_little_room() {
        for order in [|at: u64| at, |at| 59_999 - at, |at| at * 7_919 % 60_000] {
            let mut packed = Packed::default();
            for at in 0..60_000_u64 {
                packed.insert(&[(order(at) / 3).to_be_bytes(), (order(at) % 3).to_be_bytes()].concat());
            }
            assert!(packed.len() == 60_000 && packed.bytes() < 480_000, "{}", packed.bytes());
            // Leaves have been divided, and nothing was lost.
            assert!(packed.leaves.len() > 1 && packed.iter_from(0).is_sorted());
        }
    }
}

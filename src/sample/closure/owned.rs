//! The owned rows of a table, and which of them have not been expanded downward yet.

use std::sync::Arc;

use crate::sample::key_set::{KeySet, KeyType, KeyValue};

/// The owned rows of one table. If edges lead down from the very keys of the rows, the rows found last are stored
/// separately: they are the keys of the next round, and no edge needs a copy of them.
#[derive(Clone, Debug)]
pub struct OwnedRows {
    expanded: KeySet,
    /// The keys of the current round.
    current: Arc<KeySet>,
    /// The rows found in the current round.
    fresh: KeySet,
    by_round: bool,
}

impl OwnedRows {
    /// Returns an empty set; with `by_round`, the rows of each round are available from [`OwnedRows::next_round`].
    pub(super) fn new(types: &[KeyType], by_round: bool) -> OwnedRows {
        let empty = || KeySet::new(types);
        OwnedRows { expanded: empty(), current: Arc::new(empty()), fresh: empty(), by_round }
    }

    /// Adds a row and returns whether it is new.
    pub(super) fn insert(&mut self, key: &[KeyValue]) -> bool {
        if self.by_round {
            !self.expanded.contains(key) && !self.current.contains(key) && self.fresh.insert(key)
        } else {
            self.expanded.insert(key)
        }
    }

    /// Whether it contains a row.
    pub fn contains(&self, key: &[KeyValue]) -> bool {
        self.sets().iter().any(|set| set.contains(key))
    }

    /// The number of rows.
    pub fn len(&self) -> u64 {
        self.sets().iter().map(|set| set.len()).sum()
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn sets(&self) -> [&KeySet; 3] {
        [&self.expanded, &self.current, &self.fresh]
    }

    /// Begins a round and returns the rows that were found in the previous one, if they are stored by round.
    pub(super) fn next_round(&mut self) -> Arc<KeySet> {
        if self.fresh.is_empty() && self.current.is_empty() {
            return self.current.clone();
        }
        let previous = std::mem::replace(&mut self.current, Arc::new(self.fresh.take()));
        // Not a copy in practice: the queries of a round end with it and release the set.
        self.expanded.add_all(Arc::unwrap_or_clone(previous));
        self.current.clone()
    }

    /// Removes the owned rows from a set of keys.
    pub(super) fn remove_from(&self, keys: &mut KeySet) {
        for set in self.sets() {
            keys.remove_all(set);
        }
    }

    /// Returns all rows.
    pub fn into_keys(mut self) -> KeySet {
        self.next_round();
        self.next_round();
        self.expanded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_is_in_one_round_and_always_contained() {
        let key = |value| [KeyValue::Int(value)];
        let mut owned = OwnedRows::new(&[KeyType::Int], true);
        assert!(owned.insert(&key(1)) && owned.next_round().contains(&key(1)));
        // During the round.
        assert!(!owned.insert(&key(1)) && owned.insert(&key(2)) && !owned.insert(&key(2)));
        let current = owned.next_round();
        assert!(current.len() == 1 && current.contains(&key(2)) && owned.contains(&key(1)) && owned.len() == 2);
        assert!(!owned.insert(&key(1)) && !owned.insert(&key(2)) && owned.insert(&key(3)));
        let mut others = KeySet::new(&[KeyType::Int]);
        assert!((1..=4).all(|value| others.insert(&key(value))));
        owned.remove_from(&mut others);
        assert!(others.len() == 1 && others.contains(&key(4)));
        // Even while the keys of a round are still in use.
        assert_eq!((owned.into_keys().len(), current.len()), (3, 1));
        assert!(OwnedRows::new(&[KeyType::Int], false).next_round().is_empty());
    }
}

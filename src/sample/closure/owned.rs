//! The owned rows of a table, and which of them nobody has gone down from yet.

use std::sync::Arc;

use crate::sample::key_set::{Keys, Kind, Value};

/// Owned rows of one table. Where edges lead down from its very keys, those found last are kept apart: they are
/// what is asked for next, so that no edge needs a copy.
#[derive(Clone, Debug)]
pub struct Owned {
    settled: Keys,
    /// Those that this round asks for.
    asked: Arc<Keys>,
    /// Those found in this round.
    fresh: Keys,
    apart: bool,
}

impl Owned {
    pub(super) fn new(kinds: &[Kind], apart: bool) -> Owned {
        let none = || Keys::new(kinds);
        Owned { settled: none(), asked: Arc::new(none()), fresh: none(), apart }
    }

    pub(super) fn insert(&mut self, key: &[Value]) -> bool {
        if self.apart {
            !self.settled.contains(key) && !self.asked.contains(key) && self.fresh.insert(key)
        } else {
            self.settled.insert(key)
        }
    }

    /// Whether a row is among them.
    pub fn contains(&self, key: &[Value]) -> bool {
        self.parts().iter().any(|part| part.contains(key))
    }

    /// How many there are.
    pub fn len(&self) -> u64 {
        self.parts().iter().map(|part| part.len()).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn parts(&self) -> [&Keys; 3] {
        [&self.settled, &self.asked, &self.fresh]
    }

    /// Begins a round: gives those that were found in the one before, as far as they are kept apart.
    pub(super) fn next(&mut self) -> Arc<Keys> {
        if self.fresh.is_empty() && self.asked.is_empty() {
            return self.asked.clone();
        }
        let asked = std::mem::replace(&mut self.asked, Arc::new(self.fresh.take()));
        // Nobody else holds them any longer: the queries of a round end with it.
        self.settled.add_all(Arc::unwrap_or_clone(asked));
        self.asked.clone()
    }

    pub(super) fn remove_from(&self, others: &mut Keys) {
        for part in self.parts() {
            others.remove_all(part);
        }
    }

    /// All of them.
    pub fn into_keys(mut self) -> Keys {
        self.next();
        self.next();
        self.settled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_asked_for_once_and_is_there_all_the_time() {
        let key = |value| [Value::Int(value)];
        let mut owned = Owned::new(&[Kind::Int], true);
        assert!(owned.insert(&key(1)) && owned.next().contains(&key(1)));
        // While the round goes on.
        assert!(!owned.insert(&key(1)) && owned.insert(&key(2)) && !owned.insert(&key(2)));
        let asked = owned.next();
        assert!(asked.len() == 1 && asked.contains(&key(2)) && owned.contains(&key(1)) && owned.len() == 2);
        assert!(!owned.insert(&key(1)) && !owned.insert(&key(2)) && owned.insert(&key(3)));
        let mut others = Keys::new(&[Kind::Int]);
        assert!((1..=4).all(|value| others.insert(&key(value))));
        owned.remove_from(&mut others);
        assert!(others.len() == 1 && others.contains(&key(4)));
        // Even if somebody still holds what was asked for.
        assert_eq!((owned.into_keys().len(), asked.len()), (3, 1));
        assert!(Owned::new(&[Kind::Int], false).next().is_empty());
    }
}

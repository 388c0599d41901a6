//! The set of keys.

use roaring::RoaringTreemap;

use super::array::{KeyArray, to_arrays};
use super::value::{KeyType, KeyValue};
use crate::sample::key_encoding::{decode, encode};
use crate::sample::prefix_set::PrefixSet;
use crate::sample::set_size;

/// A set of tuples without NULL. Iterates in an order that depends only on its content.
#[derive(Clone, Debug)]
pub struct KeySet {
    pub(super) types: Vec<KeyType>,
    pub(super) storage: KeyStorage,
    count: u64,
    /// The number of tuples at which the storage is reconsidered.
    next_check: u64,
}

/// The storage of a set. Single integers may have either, and change it as they are added.
#[derive(Clone, Debug)]
pub(super) enum KeyStorage {
    /// Single integers, with the sign bit flipped so that they sort as unsigned ones.
    Bitmap(RoaringTreemap),
    /// Encoded tuples.
    Encoded(PrefixSet),
}

const SIGN_BIT: u64 = 1 << 63;

/// The number of tuples below which the storage is not reconsidered.
const FIRST_CHECK: u64 = 16;

impl KeySet {
    /// Returns an empty set for tuples of these types.
    pub fn new(types: &[KeyType]) -> KeySet {
        let (storage, next_check) = match types {
            [KeyType::Int] => (KeyStorage::Bitmap(RoaringTreemap::new()), FIRST_CHECK),
            _ => (KeyStorage::Encoded(PrefixSet::default()), u64::MAX),
        };
        KeySet { types: types.to_vec(), storage, count: 0, next_check }
    }

    /// Adds a tuple and returns whether it is new. A tuple with NULL, or not of the set's types, is not added.
    pub fn insert(&mut self, tuple: &[KeyValue]) -> bool {
        let is_new = match (&mut self.storage, tuple) {
            (KeyStorage::Bitmap(set), [KeyValue::Int(value)]) => set.insert(to_unsigned(*value)),
            (KeyStorage::Bitmap(_), _) => false,
            (KeyStorage::Encoded(set), tuple) => encode(&self.types, tuple).is_some_and(|key| set.insert(&key)),
        };
        if is_new {
            self.count += 1;
            self.check_storage();
        }
        is_new
    }

    /// Whether it contains a tuple.
    pub fn contains(&self, tuple: &[KeyValue]) -> bool {
        match (&self.storage, tuple) {
            (KeyStorage::Bitmap(set), [KeyValue::Int(value)]) => set.contains(to_unsigned(*value)),
            (KeyStorage::Bitmap(_), _) => false,
            (KeyStorage::Encoded(set), tuple) => encode(&self.types, tuple).is_some_and(|key| set.contains(&key)),
        }
    }

    /// The number of tuples.
    pub fn len(&self) -> u64 {
        self.count
    }

    /// Whether it has no tuples.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Removes and returns all tuples.
    #[must_use]
    pub fn take(&mut self) -> KeySet {
        let empty = KeySet::new(&self.types);
        std::mem::replace(self, empty)
    }

    /// Adds all tuples of another set of the same types.
    pub fn add_all(&mut self, mut others: KeySet) {
        // It is cheaper to add the smaller set to the larger one.
        if self.count < others.count {
            std::mem::swap(self, &mut others);
        }
        match (&mut self.storage, others.storage) {
            (KeyStorage::Bitmap(set), KeyStorage::Bitmap(others)) => {
                *set |= others;
                self.count = set.len();
                self.check_storage();
            }
            (KeyStorage::Encoded(set), KeyStorage::Encoded(others)) => {
                self.count += others.into_keys().map(|key| u64::from(set.insert(&key))).sum::<u64>();
                self.check_storage();
            }
            (_, storage) => {
                for tuple in (KeySet { storage, ..others }).into_tuples() {
                    self.insert(&tuple);
                }
            }
        }
    }

    /// Removes the tuples of another set of the same types.
    pub fn remove_all(&mut self, others: &KeySet) {
        if others.is_empty() || self.is_empty() {
            return;
        }
        match (&mut self.storage, &others.storage) {
            (KeyStorage::Bitmap(set), KeyStorage::Bitmap(others)) => *set -= others,
            (KeyStorage::Bitmap(set), _) => set.retain(|value| !others.contains(&[to_value(value)])),
            (KeyStorage::Encoded(set), KeyStorage::Encoded(others)) => set.retain(|key| !others.contains(key)),
            (KeyStorage::Encoded(set), _) => set.retain(|key| !others.contains(&decode(&self.types, key))),
        }
        self.count = match &self.storage {
            KeyStorage::Bitmap(set) => set.len(),
            KeyStorage::Encoded(set) => set.len(),
        };
    }

    /// Returns all tuples in order, as arrays of at most `size` tuples. Memory is freed as the iterator advances.
    pub fn into_chunks(self, size: usize) -> impl Iterator<Item = Vec<KeyArray>> + Send {
        let types = self.types.clone();
        let mut tuples = self.into_tuples();
        std::iter::from_fn(move || {
            let arrays = to_arrays(&types, tuples.by_ref().take(size));
            arrays.first().is_some_and(|array| !array.is_empty()).then_some(arrays)
        })
    }

    /// Returns all tuples in order.
    pub fn iter(&self) -> Box<dyn Iterator<Item = Vec<KeyValue>> + Send + '_> {
        self.iter_from(0)
    }

    /// Returns all tuples in order, except the first `skipped` ones.
    pub fn iter_from(&self, skipped: usize) -> Box<dyn Iterator<Item = Vec<KeyValue>> + Send + '_> {
        match &self.storage {
            KeyStorage::Bitmap(set) => {
                let mut values = set.iter();
                // `select` returns `None` if the set is smaller.
                values.advance_to(set.select(skipped as u64).unwrap_or(u64::MAX));
                let remaining = self.count.saturating_sub(skipped as u64) as usize;
                Box::new(values.take(remaining).map(|value| vec![to_value(value)]))
            }
            KeyStorage::Encoded(set) => Box::new(set.iter_from(skipped).map(|key| decode(&self.types, &key))),
        }
    }

    fn into_tuples(self) -> Box<dyn Iterator<Item = Vec<KeyValue>> + Send> {
        match self.storage {
            KeyStorage::Bitmap(set) => Box::new(set.into_iter().map(|value| vec![to_value(value)])),
            KeyStorage::Encoded(set) => Box::new(set.into_keys().map(move |key| decode(&self.types, &key))),
        }
    }

    fn check_storage(&mut self) {
        if self.count >= self.next_check {
            self.choose_storage();
        }
    }

    /// Converts a set of single integers to the smaller storage. A bitmap is checked often: scattered values make it
    /// large quickly, and the check is cheap.
    fn choose_storage(&mut self) {
        match &mut self.storage {
            KeyStorage::Bitmap(set) if set_size::is_wasteful(set, self.count) => {
                let mut encoded = PrefixSet::default();
                for value in std::mem::take(set) {
                    if let Some(key) = encode(&self.types, &[to_value(value)]) {
                        encoded.insert(&key);
                    }
                }
                (self.storage, self.next_check) = (KeyStorage::Encoded(encoded), 2 * self.count);
            }
            KeyStorage::Bitmap(_) => self.next_check = self.count + self.count / 16 + 1,
            KeyStorage::Encoded(set) => {
                let types = &self.types;
                let value = |key: Vec<u8>| match decode(types, &key).first() {
                    Some(KeyValue::Int(value)) => to_unsigned(*value),
                    _ => 0,
                };
                self.next_check = 2 * self.count;
                if set_size::is_bitmap_smaller(set.iter_from(0).map(value), self.count) {
                    let bitmap = std::mem::take(set).into_keys().map(value).collect();
                    (self.storage, self.next_check) = (KeyStorage::Bitmap(bitmap), self.count);
                }
            }
        }
    }
}

fn to_unsigned(value: i64) -> u64 {
    value.cast_unsigned() ^ SIGN_BIT
}

fn to_value(value: u64) -> KeyValue {
    KeyValue::Int((value ^ SIGN_BIT).cast_signed())
}

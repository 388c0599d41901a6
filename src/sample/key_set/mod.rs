//! Sets of keys: a bitmap for single integers that lie close together, else encoded tuples.

use roaring::RoaringTreemap;

use super::key_encoding::{decode, encode};
use super::prefix_set::Packed;
use super::set_size;

/// How a value is read from the source and compared here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `smallint`, `integer` or `bigint`.
    Int,
    /// Anything else, by its text.
    Text,
}

/// One value of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// NULL: such a tuple is no key, and refers to nothing.
    Null,
    /// An integer.
    Int(i64),
    /// Text.
    Text(String),
}

/// A set of tuples without NULL. Goes through them in an order that depends on nothing but them.
#[derive(Clone, Debug)]
pub struct Keys {
    kinds: Vec<Kind>,
    set: Set,
    count: u64,
    /// At how many tuples the set asks itself again whether another form would take less room.
    turn: u64,
}

/// The form that a set has: single integers may have either, and change it as they come.
#[derive(Clone, Debug)]
enum Set {
    /// Integers, with the sign bit turned so that they sort as unsigned ones.
    Bitmap(RoaringTreemap),
    /// Tuples, encoded.
    Packed(Packed),
}

/// One column of many tuples: what an array parameter takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Array {
    /// Integers.
    Ints(Vec<i64>),
    /// Text.
    Texts(Vec<String>),
}

impl Array {
    /// Whether it has no values.
    pub fn is_empty(&self) -> bool {
        match self {
            Array::Ints(all) => all.is_empty(),
            Array::Texts(all) => all.is_empty(),
        }
    }
}

const SIGN: u64 = 1 << 63;

/// Tuples up to which nobody asks which form takes less room.
const FEW: u64 = 16;

impl Keys {
    /// An empty set for tuples of these kinds.
    pub fn new(kinds: &[Kind]) -> Keys {
        let set = match kinds {
            [Kind::Int] => Set::Bitmap(RoaringTreemap::new()),
            _ => Set::Packed(Packed::default()),
        };
        let turn = if matches!(set, Set::Bitmap(_)) { FEW } else { u64::MAX };
        Keys { kinds: kinds.to_vec(), set, count: 0, turn }
    }

    /// Adds a tuple; answers whether it is new. One with NULL, or not of the set's kinds, is not added.
    pub fn insert(&mut self, tuple: &[Value]) -> bool {
        let is_new = match (&mut self.set, tuple) {
            (Set::Bitmap(set), [Value::Int(value)]) => set.insert(unsigned(*value)),
            (Set::Bitmap(_), _) => false,
            (Set::Packed(set), tuple) => encode(&self.kinds, tuple).is_some_and(|code| set.insert(&code)),
        };
        if is_new {
            self.count += 1;
            self.grown();
        }
        is_new
    }

    fn grown(&mut self) {
        if self.count >= self.turn {
            self.choose();
        }
    }

    /// Whether a tuple is in it.
    pub fn contains(&self, tuple: &[Value]) -> bool {
        match (&self.set, tuple) {
            (Set::Bitmap(set), [Value::Int(value)]) => set.contains(unsigned(*value)),
            (Set::Bitmap(_), _) => false,
            (Set::Packed(set), tuple) => encode(&self.kinds, tuple).is_some_and(|code| set.contains(&code)),
        }
    }

    /// How many there are.
    pub fn len(&self) -> u64 {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Takes all of them out.
    #[must_use]
    pub fn take(&mut self) -> Keys {
        let empty = Keys::new(&self.kinds);
        std::mem::replace(self, empty)
    }

    /// Adds all of another set of the same kinds.
    pub fn add_all(&mut self, mut others: Keys) {
        // Adding the fewer to the more costs less.
        if self.count < others.count {
            std::mem::swap(self, &mut others);
        }
        match (&mut self.set, others.set) {
            (Set::Bitmap(set), Set::Bitmap(others)) => {
                *set |= others;
                self.count = set.len();
                self.grown();
            }
            (Set::Packed(set), Set::Packed(others)) => {
                self.count += others.into_keys().map(|code| u64::from(set.insert(&code))).sum::<u64>();
                self.grown();
            }
            (_, set) => {
                for tuple in (Keys { set, ..others }).into_tuples() {
                    self.insert(&tuple);
                }
            }
        }
    }

    /// Takes those out that are in another set of the same kinds.
    pub fn remove_all(&mut self, others: &Keys) {
        if others.is_empty() || self.is_empty() {
            return;
        }
        match (&mut self.set, &others.set) {
            (Set::Bitmap(set), Set::Bitmap(others)) => *set -= others,
            (Set::Bitmap(set), _) => set.retain(|value| !others.contains(&[signed(value)])),
            (Set::Packed(set), Set::Packed(others)) => set.retain(|code| !others.contains(code)),
            (Set::Packed(set), _) => set.retain(|code| !others.contains(&decode(&self.kinds, code))),
        }
        self.count = match &self.set {
            Set::Bitmap(set) => set.len(),
            Set::Packed(set) => set.len(),
        };
    }

    /// All tuples, in their order, some at a time and turned into columns. What was given is no longer held.
    pub fn into_chunks(self, size: usize) -> impl Iterator<Item = Vec<Array>> + Send {
        let kinds = self.kinds.clone();
        let mut tuples = self.into_tuples();
        std::iter::from_fn(move || {
            let arrays = columns(&kinds, tuples.by_ref().take(size));
            arrays.first().is_some_and(|array| !array.is_empty()).then_some(arrays)
        })
    }

    /// All tuples, in their order.
    pub fn iter(&self) -> Box<dyn Iterator<Item = Vec<Value>> + Send + '_> {
        self.iter_from(0)
    }

    /// All tuples, in their order, without the first so many.
    pub fn iter_from(&self, skipped: usize) -> Box<dyn Iterator<Item = Vec<Value>> + Send + '_> {
        match &self.set {
            Set::Bitmap(set) => {
                let mut values = set.iter();
                // None when there are not so many.
                values.advance_to(set.select(skipped as u64).unwrap_or(u64::MAX));
                let left = self.count.saturating_sub(skipped as u64) as usize;
                Box::new(values.take(left).map(|value| vec![signed(value)]))
            }
            Set::Packed(set) => Box::new(set.iter_from(skipped).map(|code| decode(&self.kinds, &code))),
        }
    }

    fn into_tuples(self) -> Box<dyn Iterator<Item = Vec<Value>> + Send> {
        match self.set {
            Set::Bitmap(set) => Box::new(set.into_iter().map(|value| vec![signed(value)])),
            Set::Packed(set) => Box::new(set.into_keys().map(move |code| decode(&self.kinds, &code))),
        }
    }

    /// Gives a set of single integers the form that takes less room. A bitmap is asked often: what comes far apart
    /// makes it large quickly, and to ask it costs little.
    fn choose(&mut self) {
        match &mut self.set {
            Set::Bitmap(set) if set_size::is_wasted(set, self.count) => {
                let mut packed = Packed::default();
                for value in std::mem::take(set) {
                    if let Some(code) = encode(&self.kinds, &[signed(value)]) {
                        packed.insert(&code);
                    }
                }
                (self.set, self.turn) = (Set::Packed(packed), 2 * self.count);
            }
            Set::Bitmap(_) => self.turn = self.count + self.count / 16 + 1,
            Set::Packed(set) => {
                let kinds = &self.kinds;
                let value = |code: Vec<u8>| match decode(kinds, &code).first() {
                    Some(Value::Int(value)) => unsigned(*value),
                    _ => 0,
                };
                self.turn = 2 * self.count;
                if set_size::would_be_saved(set.iter_from(0).map(value), self.count) {
                    let bitmap = std::mem::take(set).into_keys().map(value).collect();
                    (self.set, self.turn) = (Set::Bitmap(bitmap), self.count);
                }
            }
        }
    }
}

fn unsigned(value: i64) -> u64 {
    value.cast_unsigned() ^ SIGN
}

fn signed(value: u64) -> Value {
    Value::Int((value ^ SIGN).cast_signed())
}

/// Turns tuples into columns.
pub fn columns(kinds: &[Kind], tuples: impl Iterator<Item = Vec<Value>>) -> Vec<Array> {
    let empty = |kind: &Kind| match kind {
        Kind::Int => Array::Ints(Vec::new()),
        Kind::Text => Array::Texts(Vec::new()),
    };
    let mut arrays: Vec<Array> = kinds.iter().map(empty).collect();
    for tuple in tuples {
        for (array, value) in arrays.iter_mut().zip(tuple) {
            match (array, value) {
                (Array::Ints(all), Value::Int(value)) => all.push(value),
                (Array::Texts(all), Value::Text(value)) => all.push(value),
                _ => {}
            }
        }
    }
    arrays
}

#[cfg(test)]
mod tests;

//! Sets of keys: a bitmap for single integers, else encoded tuples.

use roaring::RoaringTreemap;

use super::packed::Packed;

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
pub enum Keys {
    /// Single integers, with the sign bit turned so that they sort as unsigned ones.
    Ints(RoaringTreemap),
    /// Other tuples, encoded.
    Tuples {
        /// The kinds of their values.
        kinds: Vec<Kind>,
        /// The tuples.
        set: Packed,
    },
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

impl Keys {
    /// An empty set for tuples of these kinds.
    pub fn new(kinds: &[Kind]) -> Keys {
        match kinds {
            [Kind::Int] => Keys::Ints(RoaringTreemap::new()),
            _ => Keys::Tuples { kinds: kinds.to_vec(), set: Packed::default() },
        }
    }

    /// Adds a tuple; answers whether it is new. One with NULL, or not of the set's kinds, is not added.
    pub fn insert(&mut self, tuple: &[Value]) -> bool {
        match (self, tuple) {
            (Keys::Ints(set), [Value::Int(value)]) => set.insert(value.cast_unsigned() ^ SIGN),
            (Keys::Tuples { kinds, set }, tuple) => encode(kinds, tuple).is_some_and(|code| set.insert(&code)),
            _ => false,
        }
    }

    /// Whether a tuple is in it.
    pub fn contains(&self, tuple: &[Value]) -> bool {
        match (self, tuple) {
            (Keys::Ints(set), [Value::Int(value)]) => set.contains(value.cast_unsigned() ^ SIGN),
            (Keys::Tuples { kinds, set }, tuple) => encode(kinds, tuple).is_some_and(|code| set.contains(&code)),
            _ => false,
        }
    }

    /// How many there are.
    pub fn len(&self) -> u64 {
        match self {
            Keys::Ints(set) => set.len(),
            Keys::Tuples { set, .. } => set.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes all of them out.
    #[must_use]
    pub fn take(&mut self) -> Keys {
        let empty = match self {
            Keys::Ints(_) => Keys::Ints(RoaringTreemap::new()),
            Keys::Tuples { kinds, .. } => Keys::new(kinds),
        };
        std::mem::replace(self, empty)
    }

    /// Adds all of another set of the same kinds.
    pub fn add_all(&mut self, others: Keys) {
        match (self, others) {
            (Keys::Ints(set), Keys::Ints(others)) => *set |= others,
            (Keys::Tuples { set, .. }, Keys::Tuples { set: others, .. }) => {
                for code in others.into_keys() {
                    set.insert(&code);
                }
            }
            _ => {}
        }
    }

    /// Takes those out that are in another set of the same kinds.
    pub fn remove_all(&mut self, others: &Keys) {
        match (self, others) {
            (Keys::Ints(set), Keys::Ints(others)) => *set -= others,
            (Keys::Tuples { set, .. }, Keys::Tuples { set: others, .. }) => {
                *set = std::mem::take(set).into_keys().filter(|code| !others.contains(code)).collect();
            }
            _ => {}
        }
    }

    /// All tuples, in their order, some at a time and turned into columns.
    pub fn into_chunks(self, size: usize) -> Box<dyn Iterator<Item = Vec<Array>> + Send> {
        match self {
            Keys::Ints(set) => {
                let mut values = set.into_iter().map(|value| (value ^ SIGN).cast_signed());
                Box::new(std::iter::from_fn(move || {
                    let chunk: Vec<i64> = values.by_ref().take(size).collect();
                    (!chunk.is_empty()).then(|| vec![Array::Ints(chunk)])
                }))
            }
            Keys::Tuples { kinds, set } => {
                let mut codes = set.into_keys();
                Box::new(std::iter::from_fn(move || {
                    let chunk: Vec<Vec<Value>> = codes.by_ref().take(size).map(|code| decode(&kinds, &code)).collect();
                    (!chunk.is_empty()).then(|| columns(&kinds, chunk.into_iter()))
                }))
            }
        }
    }

    /// All tuples, in their order.
    pub fn iter(&self) -> Box<dyn Iterator<Item = Vec<Value>> + Send + '_> {
        match self {
            Keys::Ints(set) => Box::new(set.iter().map(|value| vec![Value::Int((value ^ SIGN).cast_signed())])),
            Keys::Tuples { kinds, set } => Box::new(set.iter().map(|code| decode(kinds, &code))),
        }
    }
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

/// Integers as big-endian unsigned ones, text with its length before it: no two tuples have one code, and
/// integers sort as they do.
fn encode(kinds: &[Kind], tuple: &[Value]) -> Option<Vec<u8>> {
    if kinds.len() != tuple.len() {
        return None;
    }
    let mut code = Vec::with_capacity(16);
    for (kind, value) in kinds.iter().zip(tuple) {
        match (kind, value) {
            (Kind::Int, Value::Int(value)) => code.extend((value.cast_unsigned() ^ SIGN).to_be_bytes()),
            (Kind::Text, Value::Text(text)) => {
                code.extend(u32::try_from(text.len()).ok()?.to_be_bytes());
                code.extend(text.as_bytes());
            }
            _ => return None,
        }
    }
    Some(code)
}

fn decode(kinds: &[Kind], mut code: &[u8]) -> Vec<Value> {
    let mut tuple = Vec::with_capacity(kinds.len());
    for kind in kinds {
        match kind {
            Kind::Int => {
                let (head, rest) = code.split_first_chunk::<8>().unwrap_or((&[0; 8], &[]));
                tuple.push(Value::Int((u64::from_be_bytes(*head) ^ SIGN).cast_signed()));
                code = rest;
            }
            Kind::Text => {
                let (head, rest) = code.split_first_chunk::<4>().unwrap_or((&[0; 4], &[]));
                let (text, rest) = rest.split_at((u32::from_be_bytes(*head) as usize).min(rest.len()));
                tuple.push(Value::Text(String::from_utf8_lossy(text).into_owned()));
                code = rest;
            }
        }
    }
    tuple
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_integers_are_a_bitmap_in_their_order() {
        let mut keys = Keys::new(&[Kind::Int]);
        for value in [5, -1, i64::MAX, i64::MIN, 0, 5] {
            keys.insert(&[Value::Int(value)]);
        }
        assert!(!keys.insert(&[Value::Null]) && keys.contains(&[Value::Int(-1)]) && keys.len() == 5);
        let back: Vec<_> = keys.iter().flatten().collect();
        assert_eq!(back, [i64::MIN, -1, 0, 5, i64::MAX].map(Value::Int));
    }

    #[test]
    fn tuples_come_back_as_they_went_in() {
        let kinds = [Kind::Text, Kind::Int, Kind::Text];
        let mut keys = Keys::new(&kinds);
        let tuple = |a: &str, b, c: &str| vec![Value::Text(a.into()), Value::Int(b), Value::Text(c.into())];
        assert!(
            keys.insert(&tuple("ab", 1, "")) && keys.insert(&tuple("a", 1, "b")) && keys.insert(&tuple("이", -7, "\0"))
        );
        assert!(!keys.insert(&tuple("ab", 1, "")) && !keys.insert(&[Value::Null, Value::Int(1), Value::Null]));
        assert!(keys.iter().any(|back| back == tuple("이", -7, "\0")));
        let arrays = columns(&kinds, keys.iter());
        // By the length of the first text, then by the text.
        assert_eq!(arrays[1], Array::Ints(vec![1, 1, -7]));
        let mut some = keys.clone();
        some.remove_all(&keys);
        assert!(some.is_empty() && keys.take().len() == 3 && keys.is_empty());
    }
}

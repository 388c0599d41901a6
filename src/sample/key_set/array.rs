//! Keys by column, as array parameters of queries take them.

use super::value::{KeyType, KeyValue};

/// One column of a list of keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyArray {
    /// Integers.
    Ints(Vec<i64>),
    /// Text.
    Texts(Vec<String>),
}

impl KeyArray {
    /// Whether it has no values.
    pub fn is_empty(&self) -> bool {
        match self {
            KeyArray::Ints(values) => values.is_empty(),
            KeyArray::Texts(values) => values.is_empty(),
        }
    }
}

/// Transposes tuples into one array for each column.
pub fn to_arrays(types: &[KeyType], tuples: impl Iterator<Item = Vec<KeyValue>>) -> Vec<KeyArray> {
    let empty = |key_type: &KeyType| match key_type {
        KeyType::Int => KeyArray::Ints(Vec::new()),
        KeyType::Text => KeyArray::Texts(Vec::new()),
    };
    let mut arrays: Vec<KeyArray> = types.iter().map(empty).collect();
    for tuple in tuples {
        for (array, value) in arrays.iter_mut().zip(tuple) {
            match (array, value) {
                (KeyArray::Ints(values), KeyValue::Int(value)) => values.push(value),
                (KeyArray::Texts(values), KeyValue::Text(value)) => values.push(value),
                _ => {}
            }
        }
    }
    arrays
}

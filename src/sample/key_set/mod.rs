//! Sets of keys. Single integers that are close together are stored in a bitmap, all other keys as encoded tuples in a
//! sorted set with prefix compression.

mod array;
mod set;
mod value;

#[cfg(test)]
mod tests;

pub use array::{KeyArray, to_arrays};
pub use set::KeySet;
pub use value::{KeyType, KeyValue};

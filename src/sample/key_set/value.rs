//! Values of keys, and their types.

/// The type in which a value is read from the source and compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyType {
    /// `smallint`, `integer` or `bigint`.
    Int,
    /// Every other type, by its text form.
    Text,
}

/// One value of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyValue {
    /// NULL. A tuple that contains it is no key and refers to nothing.
    Null,
    /// An integer.
    Int(i64),
    /// Text.
    Text(String),
}

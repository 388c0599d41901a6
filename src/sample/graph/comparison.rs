//! The comparison of key values across an edge.

use crate::pg::catalog::Column;
use crate::pg::identifier;
use crate::sample::key_set::KeyValue;

/// How a term is compared with a value from the other end of an edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// As integers of this type.
    Int(&'static str),
    /// By the equality operator of the type.
    Native {
        /// The operator, with the term on the left.
        operator: String,
        /// The type to which the text from the other end is cast.
        cast: String,
        /// Whether that type is an array; PostgreSQL has no arrays of arrays.
        array: bool,
        /// Whether text that is no UUID is skipped, because the cast would fail.
        only_uuids: bool,
    },
    /// As text, whatever the types.
    Text,
}

impl Comparison {
    /// The comparison of a column with values of another column. `operator` is that of the foreign key, if known.
    pub(super) fn native(own: &Column, other: &Column, operator: Option<String>) -> Comparison {
        if let (Some(name), Some(_)) = (integer_type(own), integer_type(other)) {
            return Comparison::Int(name);
        }
        let suffix = if other.array { "[]" } else { "" };
        let base = &other.base;
        // The equality of a type of an extension is in the type's schema; every other type uses a built-in operator.
        let built_in = own.array || own.base.form != 'b' || own.base.schema == "pg_catalog";
        let schema = if built_in { "pg_catalog" } else { own.base.schema.as_str() };
        Comparison::Native {
            operator: operator.unwrap_or_else(|| format!("OPERATOR({}.=)", identifier(schema))),
            cast: format!("{}.{}{suffix}", identifier(&base.schema), identifier(&base.name)),
            array: other.array,
            only_uuids: false,
        }
    }

    /// The comparison of a key with arbitrary text.
    pub(super) fn with_text(key: &Column) -> Comparison {
        let is_built_in = key.base.schema == "pg_catalog" && !key.array;
        match (integer_type(key), key.base.name.as_str()) {
            (Some(name), _) => Comparison::Int(name),
            (None, "text" | "varchar") if is_built_in => Comparison::native(key, key, None),
            (None, "uuid") if is_built_in => match Comparison::native(key, key, None) {
                Comparison::Native { operator, cast, array, .. } => {
                    Comparison::Native { operator, cast, array, only_uuids: true }
                }
                other => other,
            },
            _ => Comparison::Text,
        }
    }

    /// Converts a value to the form in which it is looked up; `None` if no row can have it.
    pub fn convert(&self, value: KeyValue) -> Option<KeyValue> {
        let fits = |type_name: &str, value: i64| match type_name {
            "int2" => i16::try_from(value).is_ok(),
            "int4" => i32::try_from(value).is_ok(),
            _ => true,
        };
        match (self, value) {
            (_, KeyValue::Null) => None,
            (Comparison::Int(name), KeyValue::Int(value)) => fits(name, value).then_some(KeyValue::Int(value)),
            (Comparison::Int(name), KeyValue::Text(text)) => {
                // Only the canonical form of an integer: `007` is not the text of any key.
                let value = text.parse::<i64>().ok().filter(|value| value.to_string() == text)?;
                fits(name, value).then_some(KeyValue::Int(value))
            }
            (_, KeyValue::Int(value)) => Some(KeyValue::Text(value.to_string())),
            (Comparison::Native { only_uuids: true, .. }, KeyValue::Text(text)) => {
                is_uuid(&text).then(|| KeyValue::Text(text.to_lowercase()))
            }
            (_, KeyValue::Text(text)) => Some(KeyValue::Text(text)),
        }
    }
}

/// Returns the name of a column's type if it is one of the three built-in integer types.
pub(super) fn integer_type(column: &Column) -> Option<&'static str> {
    let names = ["int2", "int4", "int8"];
    let is_built_in = column.base.schema == "pg_catalog" && !column.array;
    names.into_iter().find(|name| is_built_in && column.base.name == *name)
}

/// Whether text has the form of a UUID.
pub fn is_uuid(text: &str) -> bool {
    let dash = |at: usize| [8, 13, 18, 23].contains(&at);
    text.len() == 36 && text.bytes().enumerate().all(|(at, c)| if dash(at) { c == b'-' } else { c.is_ascii_hexdigit() })
}

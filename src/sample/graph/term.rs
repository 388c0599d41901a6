//! Terms, of which keys consist, and slots, the values that are read for a row.

use crate::pg::catalog::Column;
use crate::pg::identifier;
use crate::sample::key_set::KeyType;

use super::comparison::Comparison;

/// A column or an expression that is part of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// The SQL expression over the alias `t`.
    pub sql: String,
    /// The column's name, or the expression of the configuration.
    pub name: String,
    /// Whether it is an expression.
    pub is_expression: bool,
    /// How rows are looked up by it.
    pub comparison: Comparison,
}

/// A value that is read for each row of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The SQL expression over the alias `t`.
    pub sql: String,
    /// The type of the result.
    pub key_type: KeyType,
}

impl Term {
    pub(super) fn column(column: &Column, comparison: Comparison) -> Term {
        let sql = format!("t.{}", identifier(&column.name));
        Term { sql, name: column.name.clone(), is_expression: false, comparison }
    }

    /// The type in which its values are read and looked up.
    pub fn key_type(&self) -> KeyType {
        if matches!(self.comparison, Comparison::Int(_)) { KeyType::Int } else { KeyType::Text }
    }

    /// The slot that reads its value.
    pub(super) fn to_slot(&self) -> Slot {
        let key_type = self.key_type();
        let cast = if key_type == KeyType::Int { "int8" } else { "text" };
        Slot { sql: format!("({})::pg_catalog.{cast}", self.sql), key_type }
    }
}

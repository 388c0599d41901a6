//! The masks of one table.

use crate::mask::Expression;

/// A table and the masks of its columns: an ordinary table, a partitioned one (which covers its partitions; they are never
/// listed), or one of an inheritance tree (each listed by itself).
#[derive(Clone, Debug)]
pub struct TableMask {
    /// Schema.
    pub schema: String,
    /// Name.
    pub table: String,
    /// Masked columns, at least one.
    pub columns: Vec<ColumnMask>,
}

/// A column and the expression that computes its new value.
#[derive(Clone, Debug)]
pub struct ColumnMask {
    /// Name.
    pub name: String,
    /// Name of the masking rule, for the report.
    pub rule: &'static str,
    /// Whether masked values keep parts of the originals.
    pub keeps_parts: bool,
    /// Expression over the old values of the row.
    pub expression: Expression,
}

//! Result of a scan.

use crate::discover::detect::Kind;

/// A column with values in which a detector found something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Detection {
    /// The table's schema.
    pub schema: String,
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
    /// What was found.
    pub kind: Kind,
    /// Rows with at least one of this kind.
    pub rows: u64,
    /// Rows that were read.
    pub of: u64,
}

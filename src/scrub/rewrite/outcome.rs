//! What would be done to a table, and what was done.

use super::method::Method;

/// Plan for one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TablePlan {
    /// Schema.
    pub schema: String,
    /// Name.
    pub table: String,
    /// Method.
    pub method: Method,
    /// Obstacles that are removed for it and recreated.
    pub obstacles: Vec<String>,
    /// Why the fastest method cannot be used.
    pub why: Option<String>,
    /// Size with indexes, TOAST and partitions, in bytes.
    pub bytes: u64,
}

/// A masked table.
#[derive(Clone, Debug, PartialEq)]
pub struct Rewritten {
    /// Schema.
    pub schema: String,
    /// Name.
    pub table: String,
    /// Masked columns, each with the name of its rule.
    pub columns: Vec<(String, &'static str)>,
    /// Method.
    pub method: Method,
    /// Why the fastest method was not used, or which obstacles were recreated.
    pub why: Option<String>,
    /// Number of rows, including partitions.
    pub rows: u64,
    /// Size with indexes, TOAST and partitions before, in bytes.
    pub bytes_before: u64,
    /// Size after, in bytes.
    pub bytes_after: u64,
    /// Duration in seconds.
    pub seconds: f64,
    /// Whether an interrupted run had already masked it.
    pub already: bool,
}

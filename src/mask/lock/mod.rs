//! `devdb.lock`: tables, columns, types, enum labels and foreign keys that a team has reviewed and accepted. A new or
//! changed one stops a run before anything is published.
//!
//! The file is YAML with one item per line, sorted by name instead of position, so that a migration produces a
//! small diff and two of them can be merged. Partitions are omitted: they come and go every month, and have the columns
//! of their topmost table.

mod drift;
mod file;
mod schema;

pub use drift::{Drift, drift};
pub use file::{LockError, parse, render};
pub use schema::Lock;

#[cfg(test)]
mod tests;

//! The data of a few users: selected, masked and copied out of a source.

pub mod budget;
pub mod closure;
mod copy;
pub mod error;
pub mod extract;
pub mod graph;
pub mod keys;
pub mod pool;
mod query;
pub mod seeds;
pub mod source;

pub use error::{Error, Result};
pub use extract::{Copy, Dump, Extract, TableCopy};
pub use source::Source;

use crate::pg;

/// Whether a query was ended by the server because of a conflict with recovery (on a standby) or of
/// serialization. What was read so far is worth nothing then; a new snapshot may come through.
pub fn is_conflict(error: &pg::Error) -> bool {
    // A conflict is 40001, and 40P01 when a buffer pin deadlocks; 57014 is a timeout or somebody's wish.
    matches!(error.sqlstate(), Some("40001" | "40P01"))
}

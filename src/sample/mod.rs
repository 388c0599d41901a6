//! The data of a few users: selected, masked and copied out of a source.

pub mod extract;

pub use extract::{Copy, Dump, Extract, TableCopy};

use crate::pg;

/// Whether a query was ended by the server because of a conflict with recovery (on a standby) or of
/// serialization. What was read so far is worth nothing then; a new snapshot may come through.
pub fn is_conflict(error: &pg::Error) -> bool {
    // 57014 is a statement timeout too; PostgreSQL 14 and later end a conflicting query with 40001, and with 40P01 when
    // a buffer pin deadlocks.
    matches!(error.sqlstate(), Some("40001" | "40P01"))
}

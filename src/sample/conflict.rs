//! Conflicts that a new snapshot may resolve.

use tokio_postgres::error::SqlState;

use crate::pg;

/// The most snapshots that are tried if the server resolves conflicts at the expense of the sample.
pub const ATTEMPTS: u32 = 5;

/// Whether the server cancelled a query because of a conflict with recovery (on a standby) or of serialization. Everything
/// that was read from the snapshot is then worthless.
pub fn is_conflict(error: &pg::Error) -> bool {
    // A deadlock is one of buffer pins. QUERY_CANCELED is not a conflict: a timeout, or a request.
    error.is_state(&SqlState::T_R_SERIALIZATION_FAILURE) || error.is_state(&SqlState::T_R_DEADLOCK_DETECTED)
}

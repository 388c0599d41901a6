//! Conflicts with recovery on a standby, and retries with a new snapshot.

use tokio_postgres::error::SqlState;

use crate::event::{Event, Listener};
use crate::pg;

/// Attempts in all, each with a new snapshot.
const ATTEMPTS: u32 = 5;

/// Whether the server cancelled a query because of a conflict with recovery (on a standby) or of serialization. What
/// was read from the snapshot is then useless; another snapshot may succeed.
pub fn is_conflict(error: &pg::Error) -> bool {
    // A deadlock is one of buffer pins. QUERY_CANCELED is not a conflict: a timeout, or a request.
    error.is_state(&SqlState::T_R_SERIALIZATION_FAILURE) || error.is_state(&SqlState::T_R_DEADLOCK_DETECTED)
}

/// The retries that are left, each with a new snapshot.
pub(super) struct Retries(u32);

impl Retries {
    /// All retries.
    pub(super) fn new() -> Retries {
        Retries(ATTEMPTS - 1)
    }

    /// Uses one retry and emits a warning with the conflict. Returns false if none is left.
    pub(super) fn warn(&mut self, listener: &dyn Listener, conflict: &dyn std::fmt::Display) -> bool {
        let is_left = self.0 > 0;
        if is_left {
            self.0 -= 1;
            listener.on_event(&Event::Warning { message: format!("{conflict}; retrying with a new snapshot") });
        }
        is_left
    }
}

//! Settings of a rewrite.

use crate::event::Listener;

/// Name of these sessions in `pg_stat_activity`.
pub const APPLICATION_NAME: &str = "devdb masks";

/// Name of the step in events.
pub(super) const STEP: &str = "masks";

/// How a database is rewritten.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// Name of the generation. Progress of another one is ignored.
    pub generation: &'a str,
    /// Fingerprint of rules and key. A rewrite that another one has begun cannot be resumed.
    pub recipe: &'a str,
    /// Number of tables rewritten in parallel, each on its own connection; at least 1.
    pub jobs: usize,
    /// Free bytes on the server's disk, if known.
    pub free_bytes: Option<u64>,
    /// Receives one event for each table.
    pub listener: &'a dyn Listener,
}

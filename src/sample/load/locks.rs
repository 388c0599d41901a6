//! Locks that other sessions hold on the tables of a target.

use tokio_postgres::error::SqlState;

use super::error::{Error, Result};
use super::inspect::USER_SCHEMAS;
use super::target::LoadTarget;

/// How long a load waits for a lock, in seconds.
pub(super) const TIMEOUT_SECONDS: u32 = 60;

/// Returns [`Error::Locked`] with the holders if `error`, of the session with this process id, is a lock timeout;
/// otherwise `error` itself.
pub(super) async fn with_holders(target: &LoadTarget, pid: i32, error: Error) -> Error {
    if !error.is_state(&SqlState::LOCK_NOT_AVAILABLE) {
        return error;
    }
    match holders(target, pid).await {
        Ok(holders) if !holders.is_empty() => Error::Locked { seconds: TIMEOUT_SECONDS, holders: holders.join(", ") },
        // The lock was released meanwhile, or the holders cannot be read.
        _ => error,
    }
}

/// Returns one text for each lock of other sessions: `app.t by dev (pid 17)`.
async fn holders(target: &LoadTarget, pid: i32) -> Result<Vec<String>> {
    // The session whose COPY failed takes no more queries.
    let session = target.session(&target.database).await?;
    let rows = session
        .query(
            &format!(
                "SELECT DISTINCT pg_catalog.format('%s.%s by %s (pid %s)', n.nspname, c.relname, \
                        COALESCE(a.usename::text, 'a prepared transaction'), l.pid) \
                 FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_class c ON c.oid = l.relation \
                 JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                 JOIN pg_catalog.pg_database d ON d.oid = l.database AND d.datname = pg_catalog.current_database() \
                 LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid \
                 WHERE l.granted AND l.pid IS DISTINCT FROM $1 \
                   AND c.relkind IN ('r', 'p', 'm') AND {USER_SCHEMAS} ORDER BY 1"
            ),
            &[&pid],
        )
        .await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

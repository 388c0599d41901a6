//! Locks that somebody else holds on the tables of a target.

use super::inspect::OWN;
use super::target::Target;
use crate::sample::load::error::{Error, Result};

/// How long a load waits for one, in seconds.
pub(super) const PATIENCE: u32 = 60;

/// An error of the session `own`, with the name of who holds what if it is about a lock.
pub(super) async fn named(target: &Target, own: i32, error: Error) -> Error {
    if error.sqlstate() != Some("55P03") {
        return error;
    }
    match holders(target, own).await {
        Ok(holders) if !holders.is_empty() => Error::Locked { holders: holders.join(", ") },
        // It was let go of meanwhile, or nothing more can be learnt.
        _ => error,
    }
}

async fn holders(target: &Target, own: i32) -> Result<Vec<String>> {
    // A session whose COPY was refused can be asked nothing more.
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
                   AND c.relkind IN ('r', 'p', 'm') AND {OWN} ORDER BY 1"
            ),
            &[&own],
        )
        .await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

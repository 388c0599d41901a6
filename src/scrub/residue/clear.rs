//! Clears the residue of one database.

use std::time::Duration;

use super::note::{note, warn};
use super::tables::{Table, tables, vacuum};
use super::{statistics, views};
use crate::error::{Exit, Failure};
use crate::event::Listener;
use crate::pg::as_owner::run_as_owner;
use crate::pg::qualified_name;
use crate::pg::strict_settings::{apply_strict_settings, reset_settings};
use crate::pg::{Result, Session};
use crate::units::counted;

/// Outcome of [`clear`] in one database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Residue {
    /// Number of materialized views that were refreshed.
    pub refreshed: usize,
    /// Materialized views that could not be refreshed and were emptied instead.
    pub emptied: Vec<String>,
    /// Materialized views that could be neither refreshed nor emptied, and still hold original rows. A clone with any must not
    /// be published: [`stale`](super::stale) lists only those that the master user has no privilege to refresh.
    pub unrefreshed: Vec<String>,
    /// Number of tables that were vacuumed and analyzed.
    pub tables: usize,
}

impl Residue {
    /// Returns the failure for materialized views of a database that still hold original rows.
    pub fn refusal(&self, database: &str) -> Option<Failure> {
        if self.unrefreshed.is_empty() {
            return None;
        }
        let views = self.unrefreshed.join(", ");
        let cause = format!("materialized views in {database} still contain original rows: {views}");
        let hint = "drop them in a script of 10-scrub, or make the master user their owner";
        Some(Failure::new(Exit::Leak, cause).hint(hint))
    }
}

/// Clears the session's database: refreshes materialized views from the scrubbed tables, then removes dead rows and rebuilds
/// the statistics of both, then removes old versions of the statistics themselves.
pub async fn clear(session: &Session, listener: &dyn Listener) -> Result<Residue> {
    apply_strict_settings(session).await?;
    let views::Refreshed { refreshed, emptied, unrefreshed } = views::refresh(session, listener).await?;
    let mut residue = Residue { refreshed, emptied, unrefreshed, tables: 0 };
    statistics::flush(session).await?;
    let tables = tables(session).await?;
    for table in &tables {
        match vacuum(session, table).await {
            Ok(()) => residue.tables += 1,
            Err(error) if error.is_fatal() => return Err(error),
            Err(error) => warn(listener, session, &format!("{} could not be vacuumed: {error}", table.shown)),
        }
    }
    note(listener, session, &format!("{} vacuumed and analyzed", counted(residue.tables as u64, "table")));
    statistics::clear_frozen(session, listener).await?;
    vacuum_stale(session, &tables).await?;
    statistics::rewrite_catalog(session, listener).await?;
    reset_statements(session, listener).await?;
    reset_settings(session).await?;
    Ok(residue)
}

/// Vacuums again the tables that the counters report as stale: changes are counted with a delay, even after the `ANALYZE` that
/// has already seen them.
async fn vacuum_stale(session: &Session, tables: &[Table]) -> Result<()> {
    // An older session retains dead rows, such as an autovacuum worker that analyzes another table.
    const ROUNDS: u64 = 9;
    for round in 1..=ROUNDS {
        let stale = statistics::stale_tables(session).await?;
        if stale.is_empty() {
            break;
        }
        for table in tables.iter().filter(|table| stale.iter().any(|stale| stale.root == table.shown)) {
            match vacuum(session, table).await {
                Err(error) if error.is_fatal() => return Err(error),
                // The first round has reported it; the caller reads back what is left.
                _ => {}
            }
        }
        tokio::time::sleep(Duration::from_millis(300 * round)).await;
    }
    Ok(())
}

/// Resets `pg_stat_statements`: it keeps the constants of utility statements, and its texts are production's.
async fn reset_statements(session: &Session, listener: &dyn Listener) -> Result<()> {
    let rows = session
        .query(
            "SELECT n.nspname::text, r.rolname::text FROM pg_catalog.pg_extension e \
             JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace \
             LEFT JOIN pg_catalog.pg_roles r ON r.oid = e.extowner WHERE e.extname = 'pg_stat_statements'",
            &[],
        )
        .await?;
    let Some(row) = rows.first() else { return Ok(()) };
    let (schema, owner): (String, Option<String>) = (row.get(0), row.get(1));
    let sql = format!("SELECT {}()", qualified_name(&schema, "pg_stat_statements_reset"));
    match run_as_owner(session, owner.as_deref(), &sql).await {
        Ok(_) => note(listener, session, "pg_stat_statements reset"),
        Err(error) if error.is_fatal() => return Err(error),
        Err(error) => warn(listener, session, &format!("pg_stat_statements could not be reset: {error}")),
    }
    Ok(())
}

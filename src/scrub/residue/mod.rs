//! What is left of the original values after the scripts: in materialized views, in dead rows, in the
//! planner's statistics (they quote real values: `pg_stats` shows them to everybody who may read the
//! table), in the texts of `pg_stat_statements`.
//!
//! What is not done, and why:
//! - `pg_stat_reset()`: its counters hold no values, and they are what [`stale`] reads back.
//! - `VACUUM FULL` of the tables: plain `VACUUM` leaves the bytes of removed rows in free space, which
//!   only a superuser reading raw pages sees, for twice the disk and a rebuild of every index. Scripts
//!   that rewrite their tables leave none.

mod dummy;
mod statistics;
mod views;

use std::time::Duration;

use crate::event::{Event, Listener};
use crate::pg::as_owner::{AssumedRole, run_as_owner};
use crate::pg::strict_settings::{apply_strict_settings, reset_settings};
use crate::pg::{Result, Session, display_name, qualified_name};

const STEP: &str = "residue";

/// What [`clear`] did in one database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Residue {
    /// Materialized views that were filled anew.
    pub refreshed: usize,
    /// Those that could not be, and were emptied instead.
    pub emptied: Vec<String>,
    /// Those that could be neither: they still hold original rows. Only those we have no right to show in
    /// [`stale`] too, so that a caller must not publish a clone with any.
    pub unrefreshed: Vec<String>,
    /// Tables that were vacuumed and analyzed.
    pub tables: usize,
}

/// Original values that may still be there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stale {
    /// Where.
    pub place: String,
    /// Why they may be there.
    pub why: String,
}

/// Clears the session's database. In this order: views are filled from scrubbed tables; then dead rows
/// and statistics of both; then old versions of the statistics themselves.
pub async fn clear(session: &Session, listener: &dyn Listener) -> Result<Residue> {
    apply_strict_settings(session).await?;
    let mut residue = Residue::default();
    views::refresh(session, &mut residue, listener).await?;
    statistics::flush(session).await?;
    let tables = tables(session).await?;
    for table in &tables {
        match vacuum(session, table).await {
            Ok(()) => residue.tables += 1,
            Err(error) if error.is_disconnect() => return Err(error),
            Err(error) => warn(listener, session, &format!("{} could not be vacuumed: {error}", table.shown)),
        }
    }
    note(listener, session, &format!("vacuumed and analyzed: {} tables", residue.tables));
    statistics::clear_stuck(session, listener).await?;
    again(session, &tables).await?;
    statistics::rewrite_catalog(session, listener).await?;
    forget_statements(session, listener).await?;
    reset_settings(session).await?;
    Ok(residue)
}

/// Vacuums once more what the counters do not show to be in order: changes are counted some time
/// after they were made, even after the `ANALYZE` that has seen them.
async fn again(session: &Session, tables: &[Table]) -> Result<()> {
    // A session that began before holds dead rows back, such as one of autovacuum that analyzes another table.
    const ROUNDS: u64 = 9;
    for round in 1..=ROUNDS {
        let stale = statistics::counters(session).await?;
        if stale.is_empty() {
            break;
        }
        for table in tables.iter().filter(|table| stale.iter().any(|stale| stale.root == table.shown)) {
            match vacuum(session, table).await {
                Err(error) if error.is_disconnect() => return Err(error),
                // Said by the first round; what is left is read back by the caller.
                _ => {}
            }
        }
        tokio::time::sleep(Duration::from_millis(300 * round)).await;
    }
    Ok(())
}

/// Where original values may still be, read back from the server's counters: a table is in order if it
/// was analyzed in this clone, not changed since, and has no dead rows. Sessions that changed something
/// must have ended before: an idle one may not have told the server yet.
pub async fn stale(session: &Session) -> Result<Vec<Stale>> {
    apply_strict_settings(session).await?;
    let mut found: Vec<Stale> = statistics::counters(session)
        .await?
        .into_iter()
        .map(|counted| Stale { place: counted.place, why: counted.why })
        .collect();
    for place in views::out_of_reach(session).await? {
        let why =
            "the master user may not refresh it, so that it may hold original rows: refresh or drop it as its owner";
        found.push(Stale { place, why: why.into() });
    }
    for stuck in statistics::stuck(session).await? {
        found.push(Stale {
            place: stuck.display_name(),
            why: "the planner's statistics quote old values, and ANALYZE leaves them: there is no row to analyze"
                .into(),
        });
    }
    reset_settings(session).await?;
    found.sort();
    Ok(found)
}

/// A table, partitioned table or materialized view that is no partition.
struct Table {
    sql: String,
    shown: String,
    owner: Option<String>,
    /// Whether we may vacuum it as we are. It must be known before: a `VACUUM` without the right to is
    /// a warning to nobody and a success.
    ours: bool,
}

async fn tables(session: &Session) -> Result<Vec<Table>> {
    let rows = session
        .query(
            "SELECT n.nspname::text, c.relname::text, r.rolname::text, \
                 COALESCE(pg_catalog.pg_has_role(c.relowner, 'USAGE'), false) \
                     OR (SELECT pg_catalog.pg_has_role(d.datdba, 'USAGE') FROM pg_catalog.pg_database d \
                         WHERE d.datname = pg_catalog.current_database()) \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             LEFT JOIN pg_catalog.pg_roles r ON r.oid = c.relowner \
             WHERE c.relkind IN ('r', 'p', 'm') AND NOT c.relispartition AND c.relpersistence <> 't' \
               AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' ORDER BY 1, 2",
            &[],
        )
        .await?;
    Ok(rows
        .iter()
        .map(|row| Table {
            sql: qualified_name(row.get(0), row.get(1)),
            shown: display_name(row.get(0), row.get(1)),
            owner: row.get(2),
            ours: row.get(3),
        })
        .collect())
}

/// On a partitioned table this does the partitions, and the root's statistics over all of them.
async fn vacuum(session: &Session, table: &Table) -> Result<()> {
    let sql = format!("VACUUM (ANALYZE, INDEX_CLEANUP ON) {}", table.sql);
    match table.owner.as_deref() {
        Some(owner) if !table.ours => {
            let assumed = AssumedRole::assume(session, owner).await?;
            let result = session.run(&sql).await;
            assumed.release(session).await?;
            result.map(drop)
        }
        // The database's owner may, unless the table's schema is closed to it.
        owner => run_as_owner(session, owner, &sql).await.map(drop),
    }
}

/// `pg_stat_statements` keeps constants of utility statements, and its texts belong to production.
async fn forget_statements(session: &Session, listener: &dyn Listener) -> Result<()> {
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
        Err(error) if error.is_disconnect() => return Err(error),
        Err(error) => warn(listener, session, &format!("pg_stat_statements could not be reset: {error}")),
    }
    Ok(())
}

fn note(listener: &dyn Listener, session: &Session, message: &str) {
    listener.on_event(&Event::Noted { step: STEP, message: format!("{}: {message}", session.database()) });
}

fn warn(listener: &dyn Listener, session: &Session, message: &str) {
    listener.on_event(&Event::Warning { message: format!("{}: {message}", session.database()) });
}

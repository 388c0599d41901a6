//! Plans the rewrite of a database, and carries it out.

use super::disk_need::DiskNeed;
use super::error::Result;
use super::options::Options;
use super::outcome::{Rewritten, TablePlan};
use super::table_mask::TableMask;
use super::{begin, disk_space, finish, plan as planning, progress, session, work};
use crate::pg::Session;
use crate::pg::connector::Connector;

/// Returns what [`rewrite`] would do; only reads the catalog.
///
/// # Errors
/// If a table cannot be masked by any method, or on a server error.
pub async fn plan(session: &Session, tables: &[TableMask]) -> Result<Vec<TablePlan>> {
    session::configure_reading(session).await?;
    let plan = planning::make(session, tables, &planning::Unrestorable::default()).await;
    session::reset(session).await?;
    Ok(plan?.by_table())
}

/// Returns the disk space that [`rewrite`] needs for `jobs` tables in parallel; `None` if it was begun before, by which
/// obstacles may be gone from the catalog. Only reads the catalog.
///
/// # Errors
/// If a table cannot be masked by any method, or on a server error.
pub async fn disk_need(session: &Session, tables: &[TableMask], jobs: usize) -> Result<Option<DiskNeed>> {
    if progress::is_begun(session).await? {
        return Ok(None);
    }
    session::configure_reading(session).await?;
    let need = async {
        let plan = planning::make(session, tables, &planning::Unrestorable::default()).await?;
        disk_space::need(session, &plan, jobs).await
    };
    let need = need.await;
    session::reset(session).await?;
    need.map(Some)
}

/// Masks all tables of a database. No other session may write to it meanwhile.
///
/// # Errors
/// After one that [`is_disconnect`](super::Error::is_disconnect), call again: it resumes.
pub async fn rewrite(
    connector: &dyn Connector,
    database: &str,
    tables: &[TableMask],
    options: &Options<'_>,
) -> Result<Vec<Rewritten>> {
    let session = session::open(connector, database).await?;
    let mut run = begin::begin(&session, tables, options).await?;
    if run.stage == progress::Stage::Rewriting {
        work::rewrite(connector, database, &run.units, options).await?;
        finish::restore_obstacles(&session, &mut run).await?;
    }
    if run.stage == progress::Stage::Recreating {
        finish::run_deferred(connector, database, &session, options).await?;
        finish::compare(&session).await?;
    }
    progress::report(&session, tables, &run.done_before).await
}

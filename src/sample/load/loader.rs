//! The entry points: inspect the target, choose the strategy, load.

use std::future::Future;

use tokio_postgres::error::SqlState;

use super::error::{Error, Result};
use super::guard::LoadGuard;
use super::inspect::{self, TargetState};
use super::refusal::Refusal;
use super::rows::Rows;
use super::run::{LoadRun, until};
use super::scratch;
use super::strategy::{LoadStrategy, choose};
use super::summary::{LoadOptions, LoadSummary};
use super::target::LoadTarget;
use crate::event::Listener;
use crate::sample::TableCopy;
use crate::sample::schema::Schema;

/// Loads a sample into a database. Ends early when `interrupt` ends. If this fails, the target is unchanged.
///
/// # Errors
/// [`Error::Refused`] before anything is written; what failed otherwise.
pub async fn load<R: Rows + ?Sized>(
    rows: &R,
    schema: &Schema,
    target: &LoadTarget,
    guard: &LoadGuard,
    options: LoadOptions,
    listener: &dyn Listener,
    interrupt: impl Future<Output = ()> + Send,
) -> Result<LoadSummary> {
    let (strategy, exists) = inspect_target(rows.tables(), rows.major(), target, guard, options.replace).await?;
    let run = LoadRun { rows, schema, listener };
    if strategy == LoadStrategy::Scratch {
        return run.fill_scratch_database(target, exists, options, interrupt).await;
    }
    // A session that is dropped rolls its transaction back.
    until(interrupt, run.in_transaction(target, strategy, options.replace)).await
}

/// Loads a sample into the database of a server that this run has started, which needs no guard.
pub(in crate::sample) async fn load_into_own_server<R: Rows + ?Sized>(
    rows: &R,
    schema: &Schema,
    target: &LoadTarget,
    jobs: usize,
    listener: &dyn Listener,
) -> Result<LoadSummary> {
    let session = target.session(&target.database).await?;
    LoadRun { rows, schema, listener }.fill_unused_database(&session, target, &target.database, jobs).await
}

/// Checks all preconditions of a load of these tables from a source of this major version. [`load`] checks them again.
///
/// # Errors
/// [`Error::Refused`] if one is not met; errors of the target's server.
pub async fn check(
    tables: &[TableCopy],
    major: u32,
    target: &LoadTarget,
    guard: &LoadGuard,
    replace: bool,
) -> Result<()> {
    inspect_target(tables, major, target, guard, replace).await.map(drop)
}

/// Returns the strategy for a target, and whether the database exists.
async fn inspect_target(
    tables: &[TableCopy],
    source_major: u32,
    target: &LoadTarget,
    guard: &LoadGuard,
    replace: bool,
) -> Result<(LoadStrategy, bool)> {
    guard.check(&target.host, target.port, &target.database)?;
    let (state, major) = match target.session(&target.database).await {
        Ok(session) => {
            guard.check_server(target, &session).await?;
            (inspect::inspect(&session).await?, session.major())
        }
        Err(Error::Connect { error, .. }) if error.is_state(&SqlState::UNDEFINED_DATABASE) => {
            let maintenance = scratch::maintenance_session(target).await?;
            guard.check_server(target, &maintenance).await?;
            let may_create = inspect::may_create(&maintenance).await?;
            (TargetState { may_create, ..TargetState::default() }, maintenance.major())
        }
        Err(error) => return Err(error),
    };
    let strategy = choose(&state, target, tables, replace)?;
    // Rows have the same form in every version; the statements of a schema do not.
    if strategy != LoadStrategy::Existing && major < source_major {
        return Err(Refusal::Older { target: target.name(), major, source_major }.into());
    }
    Ok((strategy, state.exists))
}

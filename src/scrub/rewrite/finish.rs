//! Recreates the obstacles, runs the deferred statements, and compares the schema.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;

use super::begin::Run;
use super::error::{Error, Result};
use super::obstacles::Round;
use super::options::Options;
use super::progress::{self, Pending, Stage};
use super::{roles, schema_snapshot, session};
use crate::event::Event;
use crate::pg::Session;
use crate::pg::connector::Connector;

/// Recreates the removed obstacles, in one transaction.
pub(super) async fn restore_obstacles(session: &Session, run: &mut Run) -> Result<()> {
    session.run("BEGIN").await?;
    for pending in progress::pending(session, None).await? {
        restore(session, &pending).await?;
        progress::complete(session, &pending).await?;
    }
    progress::enter(session, Stage::Recreating).await?;
    session.run("COMMIT").await?;
    run.stage = Stage::Recreating;
    Ok(())
}

async fn restore(session: &Session, pending: &Pending) -> Result<()> {
    match session.run(&pending.statements).await {
        Ok(_) => Ok(()),
        Err(cause) => Err(Error::Restore { obstacle: pending.name.clone(), cause }),
    }
}

/// Runs deferred statements and records it, in one transaction.
async fn run_one(session: &Session, pending: &Pending) -> Result<()> {
    session.run("BEGIN").await?;
    restore(session, pending).await?;
    progress::complete(session, pending).await?;
    session.run("COMMIT").await?;
    Ok(())
}

/// Runs the deferred statements: adds foreign keys, validates others for several tables in parallel, and refreshes
/// materialized views.
pub(super) async fn run_deferred(
    connector: &dyn Connector,
    database: &str,
    session: &Session,
    options: &Options<'_>,
) -> Result<()> {
    for pending in progress::pending(session, Some(Round::Add)).await? {
        run_one(session, &pending).await?;
    }
    let mut lanes: BTreeMap<String, Vec<Pending>> = BTreeMap::new();
    for pending in progress::pending(session, Some(Round::Validate)).await? {
        lanes.entry(pending.lane.clone()).or_default().push(pending);
    }
    let jobs = options.jobs.max(1);
    let mut shares: Vec<Vec<Pending>> = vec![Vec::new(); jobs.min(lanes.len())];
    let mut next = (0..shares.len()).cycle();
    for lane in lanes.into_values() {
        if let Some(share) = next.next().and_then(|at| shares.get_mut(at)) {
            share.extend(lane);
        }
    }
    let worker = async |share: &Vec<Pending>| -> Result<()> {
        let session = session::open(connector, database).await?;
        for pending in share {
            run_one(&session, pending).await?;
        }
        Ok(())
    };
    try_join_all(shares.iter().map(worker)).await?;
    refresh(session, options).await
}

/// Refreshes materialized views. One that reads another view that is not populated yet fails, and is tried again after it.
async fn refresh(session: &Session, options: &Options<'_>) -> Result<()> {
    loop {
        let pending = progress::pending(session, Some(Round::Refresh)).await?;
        let (mut any_refreshed, mut failed) = (false, None);
        for view in pending {
            match run_one(session, &view).await {
                Ok(()) => any_refreshed = true,
                Err(error) if error.is_disconnect() => return Err(error),
                Err(error) => {
                    session.run("ROLLBACK").await?;
                    failed = Some((view, error));
                }
            }
        }
        match failed {
            None => return Ok(()),
            Some(_) if any_refreshed => {}
            // Such as a view over a foreign table that no longer connects anywhere: it stays empty.
            Some((view, error)) => {
                session.run("BEGIN").await?;
                progress::drop_expectation(session, &schema_snapshot::is_populated(&view.lane)).await?;
                progress::complete(session, &view).await?;
                session.run("COMMIT").await?;
                let message = format!("{}: {} stays empty: {error}", session.database(), view.name);
                options.listener.on_event(&Event::Warning { message });
            }
        }
    }
}

/// Fails if the schema differs from what it was before.
pub(super) async fn compare(session: &Session) -> Result<()> {
    let before = progress::schema_before(session).await?;
    let lines = schema_snapshot::differences(&before, &schema_snapshot::schema(session).await?);
    if !lines.is_empty() {
        return Err(Error::Changed(lines));
    }
    roles::release(session).await?;
    progress::enter(session, Stage::Done).await
}

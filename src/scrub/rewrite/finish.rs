//! Puts everything back, checks what has to be checked, and compares the schema.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;

use super::begin::Run;
use super::obstacles::Round;
use super::progress::{self, Stage, Waiting};
use super::{Error, Options, Result, roles, schema_snapshot, session};
use crate::event::Event;
use crate::pg::Session;
use crate::pg::connector::Connector;

/// Puts back what was taken down, in one transaction.
pub(super) async fn put_back(session: &Session, run: &mut Run) -> Result<()> {
    session.run("BEGIN").await?;
    for waiting in progress::waiting(session, None).await? {
        restore(session, &waiting).await?;
        progress::forget(session, &waiting).await?;
    }
    progress::enter(session, Stage::PuttingBack).await?;
    session.run("COMMIT").await?;
    run.stage = Stage::PuttingBack;
    Ok(())
}

async fn restore(session: &Session, waiting: &Waiting) -> Result<()> {
    match session.run(&waiting.statements).await {
        Ok(_) => Ok(()),
        Err(cause) => Err(Error::PutBack { what: waiting.what.clone(), cause }),
    }
}

/// One transaction for one of them, with the record that it is back.
async fn late(session: &Session, waiting: &Waiting) -> Result<()> {
    session.run("BEGIN").await?;
    restore(session, waiting).await?;
    progress::forget(session, waiting).await?;
    session.run("COMMIT").await?;
    Ok(())
}

/// Foreign keys are validated, several tables at the same time; materialized views are filled.
pub(super) async fn validate_and_refresh(
    connector: &dyn Connector,
    database: &str,
    session: &Session,
    options: &Options<'_>,
) -> Result<()> {
    for waiting in progress::waiting(session, Some(Round::Add)).await? {
        late(session, &waiting).await?;
    }
    let mut lanes: BTreeMap<String, Vec<Waiting>> = BTreeMap::new();
    for waiting in progress::waiting(session, Some(Round::Validate)).await? {
        lanes.entry(waiting.lane.clone()).or_default().push(waiting);
    }
    let jobs = options.jobs.max(1);
    let mut shares: Vec<Vec<Waiting>> = vec![Vec::new(); jobs.min(lanes.len())];
    let mut next = (0..shares.len()).cycle();
    for lane in lanes.into_values() {
        if let Some(share) = next.next().and_then(|at| shares.get_mut(at)) {
            share.extend(lane);
        }
    }
    let worker = async |share: &Vec<Waiting>| -> Result<()> {
        let session = session::open(connector, database).await?;
        for waiting in share {
            late(&session, waiting).await?;
        }
        Ok(())
    };
    try_join_all(shares.iter().map(worker)).await?;
    refresh(session, options).await
}

/// Fills materialized views. One that reads another which is still empty is refused, and tried again
/// after it.
async fn refresh(session: &Session, options: &Options<'_>) -> Result<()> {
    loop {
        let waiting = progress::waiting(session, Some(Round::Refresh)).await?;
        let (mut filled, mut failed) = (false, None);
        for view in waiting {
            match late(session, &view).await {
                Ok(()) => filled = true,
                Err(error) if error.is_disconnect() => return Err(error),
                Err(error) => {
                    session.run("ROLLBACK").await?;
                    failed = Some((view, error));
                }
            }
        }
        match failed {
            None => return Ok(()),
            Some(_) if filled => {}
            // Such as one whose foreign table leads nowhere any more: it stays as empty as it is.
            Some((view, error)) => {
                session.run("BEGIN").await?;
                progress::no_longer_expect(session, &schema_snapshot::is_filled(&view.lane)).await?;
                progress::forget(session, &view).await?;
                session.run("COMMIT").await?;
                let message = format!("{}: {} stays empty: {error}", session.database(), view.what);
                options.listener.on_event(&Event::Warning { message });
            }
        }
    }
}

/// The schema is what it was before, or nothing is to be published.
pub(super) async fn compare(session: &Session) -> Result<()> {
    let before = progress::schema_before(session).await?;
    let lines = schema_snapshot::differences(&before, &schema_snapshot::schema(session).await?);
    if !lines.is_empty() {
        return Err(Error::Changed(lines));
    }
    roles::release(session).await?;
    progress::enter(session, Stage::Done).await
}

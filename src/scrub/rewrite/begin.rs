//! Begins a rewrite, or resumes one that was interrupted.

use std::collections::{BTreeMap, BTreeSet};

use super::error::{Error, Result};
use super::method::Method;
use super::options::{APPLICATION_NAME, Options, STEP};
use super::plan::{self, Unrestorable};
use super::progress::{self, Name, Progress, Stage};
use super::table_mask::TableMask;
use super::trial::{self, TrialFailure};
use super::unit::{Plan, Unit};
use super::{disk_space, introspect, roles, schema_snapshot, vouched};
use crate::event::Event;
use crate::pg::Session;
use crate::pg::terminate::terminate_predecessors;
use crate::scrub::{ledger, marker};
use crate::units::counted;

/// A rewrite in progress.
pub(super) struct Run {
    pub stage: Stage,
    /// All units, including finished ones.
    pub units: Vec<Unit>,
    /// Tables that an interrupted run had finished.
    pub done_before: BTreeSet<Name>,
}

/// Resumes the recorded rewrite, or plans a new one and removes its obstacles.
pub(super) async fn begin(session: &Session, masks: &[TableMask], options: &Options<'_>) -> Result<Run> {
    terminate_predecessors(session, APPLICATION_NAME).await?;
    marker::require(session, options.generation).await?;
    progress::prepare(session).await?;
    ledger::prepare(session).await?;
    if let Some(progress) = progress::read(session).await? {
        progress.require(options.recipe, masks)?;
        return resumed(session, masks, progress).await;
    }
    let begun = fresh(session, masks, options).await;
    if begun.as_ref().is_err_and(|error| !error.is_disconnect()) {
        // Nothing was changed. The memberships are revoked again.
        session.run("ROLLBACK").await?;
        roles::release(session).await?;
    }
    begun
}

/// Resumes: the obstacles can no longer be found in the catalog, but each table's method is recorded.
async fn resumed(session: &Session, masks: &[TableMask], progress: Progress) -> Result<Run> {
    let mut units = Vec::new();
    for tables in plan::group_by_inheritance(introspect::tables(session, masks).await?) {
        let recorded = tables
            .first()
            .and_then(|table| progress.tables.get(&(table.mask.schema.clone(), table.mask.table.clone())));
        let (method, why) = recorded.cloned().unwrap_or((Method::Refill, None));
        units.push(Unit { tables, method, why: why.into_iter().collect(), obstacles: Vec::new() });
    }
    Ok(Run { stage: progress.stage, units, done_before: progress.done })
}

/// Plans a new rewrite and removes its obstacles.
async fn fresh(session: &Session, masks: &[TableMask], options: &Options<'_>) -> Result<Run> {
    let tables = introspect::tables(session, masks).await?;
    let unavailable = roles::join(session, tables.iter().map(|table| &table.owner)).await?;
    let foreign = tables.iter().filter(|table| unavailable.contains(&table.owner));
    let reasons: Vec<String> = foreign
        .map(|table| {
            format!("{} belongs to {}, whose privileges the master user cannot obtain", table.shown, table.owner)
        })
        .collect();
    if !reasons.is_empty() {
        return Err(Error::Refused(reasons));
    }
    roles::join(session, introspect::owners_of_statistics(session, &tables).await?.iter()).await?;
    vouched::check(session, &tables).await?;
    let mut unrestorable = Unrestorable::default();
    loop {
        let plan = plan::make(session, masks, &unrestorable).await?;
        let need = disk_space::need(session, &plan, options.jobs).await?;
        if let Some(free) = options.free_bytes.filter(|free| need.total() > *free) {
            return Err(Error::DiskSpace { need, free });
        }
        roles::join(session, plan.obstacles.iter().flat_map(|obstacle| &obstacle.owners)).await?;
        session.run("BEGIN").await?;
        let before = schema_snapshot::schema(session).await?;
        session.run("SAVEPOINT trial").await?;
        let Err(failure) = trial::run(session, &plan, &before).await? else {
            session.run("ROLLBACK TO SAVEPOINT trial").await?;
            for obstacle in &plan.obstacles {
                session.run(&obstacle.remove).await?;
            }
            progress::begin(session, &plan, options.recipe, &before).await?;
            session.run("COMMIT").await?;
            report_obstacles(session, &plan, options);
            return Ok(Run { stage: Stage::Rewriting, units: plan.units, done_before: BTreeSet::new() });
        };
        session.run("ROLLBACK").await?;
        // Each iteration avoids at least one more obstacle, so this ends.
        match failure {
            TrialFailure::Obstacle(at, cause) => match plan.obstacles.get(at) {
                Some(obstacle) => drop(unrestorable.by_name.insert(obstacle.name.clone(), cause.to_string())),
                None => return Err(cause.into()),
            },
            TrialFailure::Changed(lines)
                if unrestorable.all.is_none() && plan.obstacles.iter().any(|it| !it.required) =>
            {
                unrestorable.all = Some(format!("the schema would differ: {}", lines.join(", ")));
            }
            TrialFailure::Changed(lines) => return Err(Error::Changed(lines)),
        }
    }
}

/// Reports the number of removed obstacles by kind.
fn report_obstacles(session: &Session, plan: &Plan, options: &Options<'_>) {
    let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
    for obstacle in &plan.obstacles {
        *kinds.entry(obstacle.kind()).or_default() += 1;
    }
    if !kinds.is_empty() {
        let kinds: Vec<String> = kinds
            .iter()
            .map(|(kind, count)| match *kind {
                "policy" if *count > 1 => format!("{count} policies"),
                "invalid index" if *count > 1 => format!("{count} invalid indexes"),
                kind => counted(*count, kind),
            })
            .collect();
        let message = format!("{}: {} dropped, to be recreated", session.database(), kinds.join(", "));
        options.listener.on_event(&Event::Noted { step: STEP, message });
    }
}

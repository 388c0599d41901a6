//! Begins a run, or goes on with one that was interrupted.

use std::collections::{BTreeMap, BTreeSet};

use super::obstacles::{Obstacle, Round};
use super::plan::{self, Plan, Unit, Unproven};
use super::progress::{self, Name, Progress, Stage};
use super::{
    APPLICATION_NAME, Error, Method, Options, Result, STEP, TableMask, disk_space, introspect, roles, schema_snapshot,
};
use crate::event::Event;
use crate::pg::terminate::terminate_predecessors;
use crate::pg::{self, Session};
use crate::scrub::marker;

/// A run that was begun.
pub(super) struct Run {
    pub stage: Stage,
    /// All units; those that are done too.
    pub units: Vec<Unit>,
    /// Tables that a run before this one had done.
    pub done_before: BTreeSet<Name>,
}

pub(super) async fn begin(session: &Session, masks: &[TableMask], options: &Options<'_>) -> Result<Run> {
    terminate_predecessors(session, APPLICATION_NAME).await?;
    if progress::is_of_another(session, options.generation).await? {
        return Err(Error::OtherRecipe);
    }
    marker::claim(session, options.generation).await?;
    progress::prepare(session).await?;
    if let Some(progress) = progress::read(session).await? {
        progress.must_be_of(options.recipe, masks)?;
        return resumed(session, masks, progress).await;
    }
    let begun = fresh(session, masks, options).await;
    if begun.as_ref().is_err_and(|error| !error.is_disconnect()) {
        // Nothing was changed, and nothing of ours stays.
        session.run("ROLLBACK").await?;
        roles::release(session).await?;
    }
    begun
}

/// The obstacles are not there to be found any more; how each table is rewritten was recorded.
async fn resumed(session: &Session, masks: &[TableMask], progress: Progress) -> Result<Run> {
    let mut units = Vec::new();
    for tables in plan::together(introspect::tables(session, masks).await?) {
        let recorded = tables
            .first()
            .and_then(|table| progress.tables.get(&(table.mask.schema.clone(), table.mask.table.clone())));
        let (method, why) = recorded.cloned().unwrap_or((Method::Refill, None));
        units.push(Unit { tables, method, why: why.into_iter().collect(), obstacles: Vec::new() });
    }
    Ok(Run { stage: progress.stage, units, done_before: progress.done })
}

async fn fresh(session: &Session, masks: &[TableMask], options: &Options<'_>) -> Result<Run> {
    let tables = introspect::tables(session, masks).await?;
    let apart = roles::join(session, tables.iter().map(|table| &table.owner)).await?;
    let foreign = tables.iter().filter(|table| apart.contains(&table.owner));
    let reasons: Vec<String> = foreign
        .map(|table| format!("{} belongs to {}, whose rights the master user cannot take", table.shown, table.owner))
        .collect();
    if !reasons.is_empty() {
        return Err(Error::Refused(reasons));
    }
    roles::join(session, introspect::owners_of_statistics(session, &tables).await?.iter()).await?;
    let mut unproven = Unproven::default();
    loop {
        let plan = plan::make(session, masks, &unproven).await?;
        let need = disk_space::need(session, &plan, options.jobs).await?;
        if let Some(free) = options.free_bytes.filter(|free| need.total() > *free) {
            return Err(Error::Room { need, free });
        }
        roles::join(session, plan.obstacles.iter().flat_map(|obstacle| &obstacle.owners)).await?;
        session.run("BEGIN").await?;
        let before = schema_snapshot::schema(session).await?;
        session.run("SAVEPOINT trial").await?;
        let Err(failed) = trial(session, &plan, &before).await? else {
            session.run("ROLLBACK TO SAVEPOINT trial").await?;
            for obstacle in &plan.obstacles {
                session.run(&obstacle.down).await?;
            }
            progress::begin(session, &plan, options.recipe, &before).await?;
            session.run("COMMIT").await?;
            note(session, &plan, options);
            return Ok(Run { stage: Stage::Rewriting, units: plan.units, done_before: BTreeSet::new() });
        };
        session.run("ROLLBACK").await?;
        // Each round goes around at least one more obstacle, so this ends.
        match failed {
            Failed::Obstacle(at, cause) => match plan.obstacles.get(at) {
                Some(obstacle) => drop(unproven.these.insert(obstacle.what.clone(), cause.to_string())),
                None => return Err(cause.into()),
            },
            Failed::Changed(lines) if unproven.all.is_none() && plan.obstacles.iter().any(|it| !it.required) => {
                unproven.all = Some(format!("it would differ: {}", lines.join(", ")));
            }
            Failed::Changed(lines) => return Err(Error::Changed(lines)),
        }
    }
}

/// Why a plan does not work.
enum Failed {
    /// An obstacle could not be taken down or put back.
    Obstacle(usize, pg::Error),
    /// Something is not what it was.
    Changed(Vec<String>),
}

/// Takes everything down and puts it back, and looks whether all is as before: whatever could go wrong
/// with it goes wrong before anything was changed.
async fn trial(session: &Session, plan: &Plan, before: &[String]) -> Result<std::result::Result<(), Failed>> {
    let step = async |at: usize, sql: &str| match session.run(sql).await {
        Ok(_) => Ok(()),
        Err(error) => Err(Failed::Obstacle(at, error)),
    };
    let all = async || {
        for (at, obstacle) in plan.obstacles.iter().enumerate() {
            step(at, &obstacle.down).await?;
        }
        for (at, obstacle) in plan.obstacles.iter().enumerate().rev() {
            step(at, &obstacle.back).await?;
        }
        for (at, sql) in plan.obstacles.iter().enumerate().filter_map(|(at, obstacle)| Some((at, added(obstacle)?))) {
            step(at, sql).await?;
        }
        Ok::<(), Failed>(())
    };
    match all().await {
        Err(Failed::Obstacle(_, error)) if error.is_disconnect() => Err(error.into()),
        Err(failed) => Ok(Err(failed)),
        Ok(()) => {
            let lines =
                schema_snapshot::differences(&structure(before), &structure(&schema_snapshot::schema(session).await?));
            Ok(if lines.is_empty() { Ok(()) } else { Err(Failed::Changed(lines)) })
        }
    }
}

/// What is a part of the schema although it comes late.
fn added(obstacle: &Obstacle) -> Option<&str> {
    obstacle.late.as_ref().filter(|late| late.round == Round::Add).map(|late| late.sql.as_str())
}

/// Without what only becomes true when rows are checked or filled in.
fn structure(lines: &[String]) -> Vec<String> {
    lines.iter().filter(|line| !line.starts_with(schema_snapshot::STATE)).cloned().collect()
}

fn note(session: &Session, plan: &Plan, options: &Options<'_>) {
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for obstacle in &plan.obstacles {
        *kinds.entry(obstacle.kind()).or_default() += 1;
    }
    if !kinds.is_empty() {
        let kinds: Vec<String> = kinds.iter().map(|(kind, count)| format!("{kind}: {count}")).collect();
        let message = format!("{}: taken down, to be put back: {}", session.database(), kinds.join(", "));
        options.listener.on_event(&Event::Noted { step: STEP, message });
    }
}

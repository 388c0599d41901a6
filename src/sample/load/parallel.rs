//! Running the post-data statements of a schema with several sessions, as far as they are independent.

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio_postgres::error::SqlState;

use super::apply::SchemaApplier;
use super::error::Result;
use super::parallel_plan::{Relations, Segment, Unit};
use super::scheduler::Scheduler;
use crate::pg::Session;
use crate::sample::schema::Statement;

/// Runs post-data statements. `applier` runs those that need a session of their own. If this fails, other sessions may
/// still be working: they end with the database that is dropped, or with its server.
pub(super) async fn run(applier: &mut SchemaApplier<'_>, sessions: &[Session], statements: &[String]) -> Result<()> {
    if sessions.len() < 2 {
        return applier.apply(statements).await;
    }
    let relations = Relations::read(applier.session).await?;
    for segment in relations.split(statements) {
        match segment {
            Segment::Sequential(statements) => applier.apply(statements).await?,
            Segment::Parallel(units) => {
                // Units that ran out of resources next to others run alone.
                for unit in run_parallel(applier, sessions, &units).await? {
                    applier.apply(unit.statements).await?;
                }
            }
        }
    }
    Ok(())
}

/// Runs units, each as soon as its predecessors are done. Returns those that are left, in order: units that ran out of
/// resources, and those that depend on them.
async fn run_parallel<'u, 'a>(
    applier: &SchemaApplier<'_>,
    sessions: &[Session],
    units: &'u [Unit<'a>],
) -> Result<Vec<&'u Unit<'a>>> {
    let mut scheduler = Scheduler::new(units, sessions.len());
    let mut idle: Vec<&Session> = sessions.iter().collect();
    let mut running = FuturesUnordered::new();
    loop {
        while let Some(session) = idle.pop() {
            let batch = scheduler.take();
            if batch.is_empty() {
                idle.push(session);
                break;
            }
            running.push(async move { (run_batch(applier, session, units, &batch).await, session) });
        }
        let Some((done, session)) = running.next().await else { break };
        scheduler.done(&done?);
        idle.push(session);
    }
    Ok(scheduler.left().map(|unit| &units[unit]).collect())
}

/// Runs a batch in one message, which is one transaction; if that fails, unit by unit to find the failing one. Returns
/// the units that are done.
async fn run_batch(
    applier: &SchemaApplier<'_>,
    session: &Session,
    units: &[Unit<'_>],
    batch: &[usize],
) -> Result<Vec<usize>> {
    let all: Vec<&str> = batch.iter().flat_map(|unit| units[*unit].statements).map(String::as_str).collect();
    if session.run(&all.join(";\n")).await.is_ok() {
        return Ok(batch.to_vec());
    }
    let mut done = Vec::new();
    for unit in batch {
        match run_unit(applier, session, units[*unit].statements).await {
            Ok(()) => done.push(*unit),
            // Memory, locks and disk may be enough for one session and not for several, and a function in an index may
            // lock other tables. Later units of the batch may depend on this one.
            Err(error) if error.is_out_of_resources() || error.is_state(&SqlState::T_R_DEADLOCK_DETECTED) => break,
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

async fn run_unit(applier: &SchemaApplier<'_>, session: &Session, statements: &[String]) -> Result<()> {
    session.run("BEGIN").await?;
    for statement in statements {
        if let Err(error) = session.run(statement).await {
            let error = applier.statement_error(&Statement::read(statement), error);
            // The first error is the one to report; a lost connection has rolled back already.
            let _ = session.run("ROLLBACK").await;
            return Err(error);
        }
    }
    session.run("COMMIT").await?;
    Ok(())
}

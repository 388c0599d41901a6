//! Running the second half of a schema by several sessions, as far as its statements do not need each other.

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio_postgres::error::SqlState;

use super::apply::SchemaApplier;
use super::error::Result;
use super::parallel_plan::{Relations, Stretch, Unit};
use super::scheduler::Turns;
use crate::pg::Session;
use crate::sample::schema::Statement;

/// Runs the second half of a schema; leaves to `apply` what only one session may do. When this fails, other
/// sessions may still be at work: they end with the database that is dropped, or with its server.
pub(super) async fn run(apply: &mut SchemaApplier<'_>, sessions: &[Session], statements: &[String]) -> Result<()> {
    if sessions.len() < 2 {
        return apply.apply(statements).await;
    }
    let relations = Relations::read(apply.session).await?;
    for stretch in relations.cut(statements) {
        match stretch {
            Stretch::Alone(statements) => apply.apply(statements).await?,
            Stretch::Beside(units) => {
                // What there was no room for beside others is done alone.
                for unit in beside(apply, sessions, &units).await? {
                    apply.apply(unit.statements).await?;
                }
            }
        }
    }
    Ok(())
}

/// Runs units, each as soon as it may. Answers those that are left, in order: where the server ran out of
/// something, and what waits for those.
async fn beside<'u, 'a>(
    apply: &SchemaApplier<'_>,
    sessions: &[Session],
    units: &'u [Unit<'a>],
) -> Result<Vec<&'u Unit<'a>>> {
    let mut turns = Turns::new(units, sessions.len());
    let mut idle: Vec<&Session> = sessions.iter().collect();
    let mut running = FuturesUnordered::new();
    loop {
        while let Some(session) = idle.pop() {
            let batch = turns.take();
            if batch.is_empty() {
                idle.push(session);
                break;
            }
            running.push(async move { (send(apply, session, units, &batch).await, session) });
        }
        let Some((done, session)) = running.next().await else { break };
        turns.done(&done?);
        idle.push(session);
    }
    Ok(turns.left().map(|unit| &units[unit]).collect())
}

/// Runs a batch in one message, which is one transaction; when that fails, unit by unit, to learn which it was.
/// Answers what is done.
async fn send(apply: &SchemaApplier<'_>, session: &Session, units: &[Unit<'_>], batch: &[usize]) -> Result<Vec<usize>> {
    let all: Vec<&str> = batch.iter().flat_map(|unit| units[*unit].statements).map(String::as_str).collect();
    if session.run(&all.join(";\n")).await.is_ok() {
        return Ok(batch.to_vec());
    }
    let mut done = Vec::new();
    for unit in batch {
        match all_or_nothing(apply, session, units[*unit].statements).await {
            Ok(()) => done.push(*unit),
            // Memory, locks, disk: what is enough for one session may not be for several. And functions may reach for
            // what nobody knows of. Later ones of the batch may need this one.
            Err(error) if error.is_out_of_resources() || error.is_state(&SqlState::T_R_DEADLOCK_DETECTED) => break,
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

async fn all_or_nothing(apply: &SchemaApplier<'_>, session: &Session, statements: &[String]) -> Result<()> {
    session.run("BEGIN").await?;
    for statement in statements {
        if let Err(error) = session.run(statement).await {
            let error = apply.statement_error(&Statement::read(statement), error);
            // What is to be told is the first failure; without a connection nothing is left to be undone.
            let _ = session.run("ROLLBACK").await;
            return Err(error);
        }
    }
    session.run("COMMIT").await?;
    Ok(())
}

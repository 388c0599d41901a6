//! The trial: removes all obstacles, recreates them, and compares the schema, so that whatever can fail fails before anything
//! is changed.

use super::error::Result;
use super::obstacles::{Obstacle, Round};
use super::schema_snapshot;
use super::unit::Plan;
use crate::pg::{self, Session};

/// Why a plan cannot be carried out.
pub(super) enum TrialFailure {
    /// An obstacle, by its position in the plan, could not be removed or recreated.
    Obstacle(usize, pg::Error),
    /// The schema would differ, one line per difference.
    Changed(Vec<String>),
}

/// Runs the trial inside the open transaction; the caller rolls it back. The outer error is that of a lost connection.
pub(super) async fn run(
    session: &Session,
    plan: &Plan,
    before: &[String],
) -> Result<std::result::Result<(), TrialFailure>> {
    let step = async |at: usize, sql: &str| match session.run(sql).await {
        Ok(_) => Ok(()),
        Err(error) => Err(TrialFailure::Obstacle(at, error)),
    };
    let all = async || {
        for (at, obstacle) in plan.obstacles.iter().enumerate() {
            step(at, &obstacle.remove).await?;
        }
        for (at, obstacle) in plan.obstacles.iter().enumerate().rev() {
            step(at, &obstacle.restore).await?;
        }
        for (at, sql) in
            plan.obstacles.iter().enumerate().filter_map(|(at, obstacle)| Some((at, deferred_schema(obstacle)?)))
        {
            step(at, sql).await?;
        }
        Ok::<(), TrialFailure>(())
    };
    match all().await {
        Err(TrialFailure::Obstacle(_, error)) if error.is_disconnect() => Err(error.into()),
        Err(failed) => Ok(Err(failed)),
        Ok(()) => {
            let lines =
                schema_snapshot::differences(&structure(before), &structure(&schema_snapshot::schema(session).await?));
            Ok(if lines.is_empty() { Ok(()) } else { Err(TrialFailure::Changed(lines)) })
        }
    }
}

/// Returns the deferred statement that is part of the schema.
fn deferred_schema(obstacle: &Obstacle) -> Option<&str> {
    let deferred = obstacle.deferred.as_ref().filter(|deferred| deferred.round == Round::Add)?;
    Some(deferred.sql.as_str())
}

/// Returns the lines without those that become true only when rows are validated or refreshed.
fn structure(lines: &[String]) -> Vec<String> {
    lines.iter().filter(|line| !line.starts_with(schema_snapshot::STATE)).cloned().collect()
}

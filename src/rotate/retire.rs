//! Step: remove generations. This is the only place that deletes; each deletion passes the guard.

use std::time::Duration;

use jiff::Timestamp;

use crate::error::{Exit, Failure};
use crate::platform::guard::{self, Refusal};
use crate::platform::{Error, Instance, Phase, Result, Tags, tag};
use crate::step::Step;

use super::lease_tag;
use super::run::Run;
use super::wait;

/// Starts the deletion of an instance, after waiting at most `patience` until it can be deleted. Succeeds if the
/// instance is gone already.
pub async fn delete(run: &Run, name: &str, id: Option<&str>, patience: Duration) -> Result<()> {
    let deleted = wait::retry(&*run.listener, patience, || async {
        let deletable = guard::admit_deletion(&*run.platform, &run.rules, name, id).await?;
        run.platform.delete(deletable).await
    })
    .await;
    match deleted {
        Err(Error::Refused(Refusal::NotFound { .. })) => Ok(()),
        other => other,
    }
}

/// Removes the clones of dead runs.
pub async fn abandoned(run: &Run, clones: &[Instance]) -> std::result::Result<(), Failure> {
    for clone in clones {
        let step = run.step("cleanup", format!("remove abandoned {}", clone.name));
        let deleted = delete(run, &clone.name, Some(&clone.resource_id), run.target.deadlines.restore).await;
        deleted.map_err(|error| {
            let failure = Failure { exit: Exit::FailedLeft, ..error.into() };
            failure.during(format!("remove abandoned {}", clone.name)).and("nothing was restored")
        })?;
        step.done(format!("{} is being removed", clone.name));
    }
    Ok(())
}

/// An old generation that could not be retired.
pub struct RetireFailure {
    generation: String,
    why: String,
}

/// Returns the failure of a rotation that could not retire all old generations.
pub fn failure(live: &Instance, failed: &[RetireFailure]) -> Failure {
    let list: Vec<String> = failed.iter().map(|one| format!("{}: {}", one.generation, one.why)).collect();
    let cause = format!("{} is live, but not all old generations are retired: {}", live.name, list.join("; "));
    Failure::new(Exit::NotRetired, cause).hint("the next rotation tries again")
}

/// Tags the replaced generations as retired, and removes those that are not kept. Returns the failures: the rotation
/// itself has succeeded by now.
pub async fn replaced(run: &Run, retire: &[Instance], keep: &[Instance]) -> Vec<RetireFailure> {
    let mut failed = Vec::new();
    for instance in keep {
        if let Err(error) = mark(run, instance).await {
            failed.push(RetireFailure { generation: instance.name.clone(), why: error.to_string() });
        }
    }
    if retire.is_empty() {
        return failed;
    }
    let names: Vec<&str> = retire.iter().map(|instance| instance.name.as_str()).collect();
    let step = run.step("retire", "remove old generations");
    for instance in retire {
        if let Err(why) = remove(run, &step, instance).await {
            failed.push(RetireFailure { generation: instance.name.clone(), why });
        }
    }
    let removed = retire.len() - failed.iter().filter(|failed| names.contains(&failed.generation.as_str())).count();
    step.done(format!("{removed} of {} removed: {}", retire.len(), names.join(", ")));
    failed
}

/// Tags a generation as retired.
async fn mark(run: &Run, instance: &Instance) -> Result<()> {
    if instance.phase() == Some(Phase::Retired) {
        return Ok(());
    }
    let tags = Tags::from([(tag::PHASE.to_owned(), Phase::Retired.to_string())]);
    run.tag(&instance.name, &instance.resource_id, tags).await
}

async fn remove(run: &Run, step: &Step<'_>, instance: &Instance) -> std::result::Result<(), String> {
    // The tag only informs whoever lists the instances meanwhile; a failure to set it must not keep old data.
    let _ = mark(run, instance).await;
    refuse_held(run, instance).await?;
    let limit = run.target.deadlines.retire;
    delete(run, &instance.name, Some(&instance.resource_id), limit).await.map_err(|error| error.to_string())?;
    wait::until_gone(&*run.platform, step, &instance.name, limit).await.map_err(|error| error.to_string())
}

/// Refuses a generation that a rollback of another run works on: it is about to become the live one.
async fn refuse_held(run: &Run, instance: &Instance) -> std::result::Result<(), String> {
    let now = run.platform.instance(&instance.name).await.map_err(|error| error.to_string())?;
    match now.and_then(|instance| lease_tag::of_other(&instance, Timestamp::now(), &run.id)) {
        Some(lease) => Err(format!("run {} works on it", lease.run)),
        None => Ok(()),
    }
}

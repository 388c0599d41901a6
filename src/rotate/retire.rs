//! Step: remove generations. The only caller of a deletion; each goes through the guard.

use std::time::Duration;

use crate::error::{Exit, Failure};
use crate::platform::guard::{self, Refusal};
use crate::platform::retry::while_busy;
use crate::platform::{Error, Instance, Phase, Result, Tags, tag};

use super::run::Run;
use super::wait;
use crate::step::Step;

/// Starts the deletion of an instance, waiting at most `patience` for it to become deletable.
/// An instance that is gone already is success.
pub async fn delete(run: &Run, name: &str, id: Option<&str>, patience: Duration) -> Result<()> {
    // An instance that is being created cannot be deleted yet.
    let deleted = while_busy(
        patience,
        |_| {},
        || async {
            let deletable = guard::admit_deletion(&*run.platform, &run.rules, name, id).await?;
            run.platform.delete(deletable).await
        },
    )
    .await;
    match deleted {
        Err(Error::Refused(Refusal::Gone { .. })) => Ok(()),
        other => other,
    }
}

/// Removes the clones that dead runs left.
pub async fn abandoned(run: &Run, clones: &[Instance]) -> std::result::Result<(), Failure> {
    for clone in clones {
        let step = run.step("cleanup", format!("remove {}, which an interrupted run left", clone.name));
        let deleted = delete(run, &clone.name, Some(&clone.resource_id), run.target.deadlines.restore).await;
        deleted.map_err(|error| {
            let failure = Failure { exit: Exit::FailedLeft, ..error.into() };
            failure.during(format!("remove {}, which an interrupted run left", clone.name)).and("nothing was restored")
        })?;
        step.done(format!("{} is being removed", clone.name));
    }
    Ok(())
}

/// Marks what is replaced and removes what is not kept. Answers what could not be removed, and why:
/// the rotation itself has succeeded by now.
pub async fn replaced(run: &Run, retire: &[Instance], keep: &[Instance]) -> Vec<(String, String)> {
    let mut failed = Vec::new();
    for instance in keep {
        if let Err(error) = mark(run, instance).await {
            failed.push((instance.name.clone(), error.to_string()));
        }
    }
    if retire.is_empty() {
        return failed;
    }
    let names: Vec<&str> = retire.iter().map(|instance| instance.name.as_str()).collect();
    let step = run.step("retire", format!("remove {}", names.join(", ")));
    for instance in retire {
        if let Err(error) = remove(run, &step, instance).await {
            failed.push((instance.name.clone(), error));
        }
    }
    let removed = retire.len() - failed.iter().filter(|(name, _)| names.contains(&name.as_str())).count();
    step.done(format!("{removed} of {} removed", retire.len()));
    failed
}

async fn mark(run: &Run, instance: &Instance) -> Result<()> {
    if instance.phase() == Some(Phase::Retired) {
        return Ok(());
    }
    let tags = Tags::from([(tag::PHASE.to_owned(), Phase::Retired.to_string())]);
    run.tag(&instance.name, &instance.resource_id, tags).await
}

async fn remove(run: &Run, step: &Step<'_>, instance: &Instance) -> std::result::Result<(), String> {
    // The mark is for people who look while it goes; a failure to write it must not keep the old data alive.
    let _ = mark(run, instance).await;
    let limit = run.target.deadlines.retire;
    delete(run, &instance.name, Some(&instance.resource_id), limit).await.map_err(|error| error.to_string())?;
    wait::until_gone(&*run.platform, step, &instance.name, limit).await.map_err(|error| error.to_string())
}

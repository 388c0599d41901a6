//! Cleanup after a failure: removes the clone of this run unless the record points at it, and reports what is left.

use std::future::Future;
use std::time::Duration;

use crate::error::{Exit, Failure};
use crate::platform::guard;
use crate::platform::{RecordState, tag};

use super::lease_tag;
use super::retire;
use super::run::{Progress, Run};
use super::wait::Backoff;

/// Time for the cleanup of a cancelled run. GitHub kills a cancelled job 10 s after its SIGINT.
const LIMIT_WHEN_CANCELLED: Duration = Duration::from_secs(5);
/// Time for a failed run's clone to become deletable.
const LIMIT: Duration = Duration::from_secs(900);

/// Cleans up after `failure`, and adds to it what was undone and what is left. `cancel` is not awaited again if it was
/// what ended the run.
pub async fn after(run: &Run, failure: Failure, keep_failed: bool, cancel: impl Future<Output = ()>) -> Failure {
    let progress = run.progress();
    let Some((name, id)) = progress.clone.clone() else {
        // The failure itself names what there is: another run, or a dead run's clone that could not be removed.
        if matches!(failure.exit, Exit::Busy | Exit::FailedLeft) {
            return failure;
        }
        return with_exit(failure, Exit::Refused).and("nothing was changed");
    };
    let cancelled = failure.exit == Exit::Interrupted;
    let time_out = async {
        if !cancelled {
            // A signal during the cleanup has to end the program as quickly as any other.
            let _ = tokio::time::timeout(LIMIT, cancel).await;
        }
        tokio::time::sleep(LIMIT_WHEN_CANCELLED + Duration::from_secs(1)).await;
    };
    let limit = if cancelled { LIMIT_WHEN_CANCELLED } else { LIMIT };
    let outcome = tokio::select! {
        outcome = clean_up(run, &progress, &name, id.as_deref(), keep_failed, limit) => outcome,
        () = time_out => Outcome::Stuck("it could not be deleted in time".to_owned()),
    };
    described(failure, outcome, &name, &run.target.record.name)
}

async fn clean_up(
    run: &Run,
    progress: &Progress,
    name: &str,
    id: Option<&str>,
    keep_failed: bool,
    limit: Duration,
) -> Outcome {
    // A change of the record that is under way ends first: only then does the record show what is live.
    drop(run.record_change.lock().await);
    if progress.swapped || is_live(run, name).await {
        // Reported as live even if the lease cannot be released: it ends by itself.
        let _ = tokio::time::timeout(Duration::from_secs(2), release(run, name, id)).await;
        return Outcome::Live;
    }
    if keep_failed {
        release(run, name, id).await;
        return Outcome::Kept;
    }
    match owner(run, name, progress.accepted).await {
        Owner::ThisRun => {}
        Owner::OtherRun => return Outcome::TakenOver,
        Owner::None => return Outcome::Nothing,
    }
    match retire::delete(run, name, id, limit).await {
        Ok(()) => Outcome::Removed,
        Err(error) => {
            release(run, name, id).await;
            Outcome::Stuck(error.to_string())
        }
    }
}

/// Result of the cleanup.
enum Outcome {
    /// The clone is the live generation.
    Live,
    /// There is no clone.
    Nothing,
    /// Another run has taken the clone over.
    TakenOver,
    /// The clone was removed.
    Removed,
    /// The clone was kept on request.
    Kept,
    /// The clone could not be removed, with the reason.
    Stuck(String),
}

/// Completes the failure with the exit code and sentences of the outcome.
fn described(failure: Failure, outcome: Outcome, name: &str, record: &str) -> Failure {
    let next = "the next rotation, or `devdb cleanup`, removes or resumes it";
    let unchanged = format!("{record} and the live generation are unchanged");
    match outcome {
        Outcome::Live => with_exit(failure, Exit::NotRetired)
            .and(format!("{name} is live: {record} points at it"))
            .and("the next rotation removes older generations that are left"),
        Outcome::Nothing => with_exit(failure, Exit::FailedRemoved).and(format!("no clone is left; {unchanged}")),
        Outcome::TakenOver => with_exit(failure, Exit::Busy)
            .and(format!("{name} belongs to another run now, which decides what becomes of it")),
        Outcome::Removed => with_exit(failure, Exit::FailedRemoved).and(format!("{name} was removed; {unchanged}")),
        Outcome::Kept => {
            with_exit(failure, Exit::FailedLeft).and(format!("{name} is left in quarantine; {unchanged}")).and(next)
        }
        Outcome::Stuck(why) => with_exit(failure, Exit::FailedLeft)
            .and(format!("{name} could not be removed: {why}; {unchanged}"))
            .and(next),
    }
}

/// Sets the exit code of the outcome, unless the failure has a more specific one.
fn with_exit(mut failure: Failure, exit: Exit) -> Failure {
    if !matches!(failure.exit, Exit::Interrupted | Exit::Busy | Exit::Leak | Exit::Usage) {
        failure.exit = exit;
    }
    failure
}

/// Returns whether the record points at the instance. The response to a swap may have been lost: only the record shows
/// whether it happened.
async fn is_live(run: &Run, name: &str) -> bool {
    let (Ok(RecordState::Present(record)), Ok(Some(instance))) =
        (run.platform.record().await, run.platform.instance(name).await)
    else {
        return false;
    };
    guard::points_at(&*run.platform, &record, &instance)
}

/// The run that an instance belongs to.
enum Owner {
    ThisRun,
    OtherRun,
    None,
}

/// Returns the owner of the instance with this name. A clone that was accepted but is not visible yet is waited for: it
/// would appear later, with production's data.
async fn owner(run: &Run, name: &str, accepted: bool) -> Owner {
    let mut backoff = Backoff::default();
    loop {
        match run.platform.instance(name).await {
            Ok(Some(instance)) if instance.tag(tag::RUN).is_some_and(|owner| owner != run.id) => {
                return Owner::OtherRun;
            }
            // Without the tag, the guard of the deletion refuses it by name.
            Ok(Some(_)) => return Owner::ThisRun,
            Ok(None) if !accepted => return Owner::None,
            // If the request fails, the guard of the deletion decides.
            Err(_) => return Owner::ThisRun,
            Ok(None) => backoff.pause().await,
        }
    }
}

/// Releases the lease, so that the next run need not wait for its end; not the lease of a run that took the clone over,
/// and not on another instance that has the name by now.
async fn release(run: &Run, name: &str, id: Option<&str>) {
    if let Ok(dev) = guard::admit(&*run.platform, &run.rules, name, id).await
        && dev.instance().tag(tag::RUN) == Some(&run.id)
    {
        // If this fails, the lease ends by itself.
        let _ = run.platform.set_tags(dev, &lease_tag::released()).await;
    }
}

//! Cleanup after a failure: removes the clone of this run unless the record points at it, and reports what is left.

use std::future::Future;
use std::time::Duration;

use crate::error::{Chain, Exit, Failure};
use crate::platform::guard;
use crate::platform::{self, RecordState, tag};

use super::lease_tag;
use super::retire;
use super::run::{Progress, Run};
use super::wait::{self, Backoff};

/// Time for the cleanup of a cancelled run. GitHub kills a cancelled job 10 s after its SIGINT.
pub(super) const LIMIT_WHEN_CANCELLED: Duration = Duration::from_secs(5);
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
    // What is unknown must not be deleted.
    let hidden = failure.cause.downcast_ref::<platform::Error>().is_some_and(platform::Error::hides_state);
    // Before the clone is removed, which frees its space.
    let failure = with_full_disk(run, failure).await;
    let outcome = tokio::select! {
        outcome = clean_up(run, &progress, &name, id.as_deref(), keep_failed, hidden, limit) => outcome,
        () = time_out => Outcome::Stuck("it could not be deleted in time".to_owned()),
    };
    let progress = run.progress();
    let is_ahead = progress.stored && !matches!(outcome, Outcome::Live);
    let failure = described(failure, outcome, &name, &run.target.record.name, progress.swap_requested);
    if !is_ahead {
        return failure;
    }
    failure.and("secrets of a generation that is not live are stored; rotate again")
}

/// Puts a full disk before a failure that it explains: a server on a full disk ends sessions, or itself, and rarely gets to
/// send the reason.
async fn with_full_disk(run: &Run, failure: Failure) -> Failure {
    let has_reason = matches!(failure.exit, Exit::Interrupted | Exit::Busy | Exit::Leak | Exit::Usage)
        || matches!(failure.find::<platform::Error>(), Some(platform::Error::DiskFull { .. }));
    match run.platform.full_disk().await.filter(|_| !has_reason) {
        None => failure,
        Some(disk) => {
            let cause = format!("{disk}: {}", Chain(&*failure.cause)).into();
            Failure { cause, hint: disk.remedy().or(failure.hint), ..failure }
        }
    }
}

async fn clean_up(
    run: &Run,
    progress: &Progress,
    name: &str,
    id: Option<&str>,
    keep_failed: bool,
    hidden: bool,
    limit: Duration,
) -> Outcome {
    // A change of the record that is under way ends first: only then does the record show what is live.
    drop(run.record_change.lock().await);
    if hidden && !progress.swap_requested {
        return Outcome::Hidden(None);
    }
    let listener = &*run.listener;
    let live = if progress.swapped { Ok(true) } else { wait::retry(listener, limit, || is_live(run, name)).await };
    match live {
        Ok(false) if hidden => return Outcome::Hidden(None),
        Ok(false) => {}
        Ok(true) => {
            // Reported as live even if the lease cannot be released: it ends by itself.
            let _ = tokio::time::timeout(Duration::from_secs(2), release(run, name, id)).await;
            return Outcome::Live;
        }
        Err(error) => return Outcome::Hidden(Some(error.to_string())),
    }
    if keep_failed {
        release(run, name, id).await;
        return Outcome::Kept;
    }
    match wait::retry(listener, limit, || owner(run, name, progress.accepted)).await {
        Ok(Owner::ThisRun) => {}
        Ok(Owner::OtherRun) => return Outcome::TakenOver,
        Ok(Owner::None) => return Outcome::Nothing,
        Err(error) => return Outcome::Hidden(Some(error.to_string())),
    }
    match retire::delete(run, name, id, limit).await {
        Ok(()) => Outcome::Removed,
        Err(error) if error.hides_state() => Outcome::Hidden(Some(error.to_string())),
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
    /// The state of the clone is unknown, so it was left; with the reason, unless the failure itself states it.
    Hidden(Option<String>),
}

/// Completes the failure with the exit code and sentences of the outcome.
fn described(failure: Failure, outcome: Outcome, name: &str, record: &str, swap_requested: bool) -> Failure {
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
        Outcome::Hidden(why) => {
            let why = why.map_or_else(String::new, |why| format!(" ({why})"));
            let left = format!("{name} is left, because its state could not be read{why}");
            with_exit(failure, Exit::FailedLeft)
                .and(left)
                .and(if swap_requested { format!("whether {record} points at it is unknown") } else { unchanged })
                .and("the next rotation finishes, resumes or removes it")
        }
    }
}

/// Sets the exit code of the outcome, unless the failure has a more specific one.
pub(super) fn with_exit(mut failure: Failure, exit: Exit) -> Failure {
    if !matches!(failure.exit, Exit::Interrupted | Exit::Busy | Exit::Leak | Exit::Usage) {
        failure.exit = exit;
    }
    failure
}

/// Returns whether the record points at the instance. The response to a swap may have been lost: only the record shows
/// whether it happened.
async fn is_live(run: &Run, name: &str) -> platform::Result<bool> {
    let RecordState::Present(record) = run.platform.record().await? else { return Ok(false) };
    let instance = run.platform.instance(name).await?;
    Ok(instance.is_some_and(|instance| guard::points_at(&*run.platform, &record, &instance)))
}

/// The run that an instance belongs to.
enum Owner {
    ThisRun,
    OtherRun,
    None,
}

/// Returns the owner of the instance with this name. A clone that was accepted but is not visible yet is waited for: it
/// would appear later, with production's data.
async fn owner(run: &Run, name: &str, accepted: bool) -> platform::Result<Owner> {
    let mut backoff = Backoff::default();
    loop {
        match run.platform.instance(name).await? {
            Some(instance) if instance.tag(tag::RUN).is_some_and(|owner| owner != run.id) => {
                return Ok(Owner::OtherRun);
            }
            // Without the tag, the guard of the deletion refuses it by name.
            Some(_) => return Ok(Owner::ThisRun),
            None if !accepted => return Ok(Owner::None),
            None => backoff.pause().await,
        }
    }
}

/// Releases the lease, so that the next run need not wait for its end; not the lease of a run that took the clone over,
/// and not on another instance that has the name by now.
pub(super) async fn release(run: &Run, name: &str, id: Option<&str>) {
    if let Ok(dev) = run.admit_seen(name, id).await
        && dev.instance().tag(tag::RUN) == Some(&run.id)
    {
        // If this fails, the lease ends by itself.
        let _ = run.platform.set_tags(dev, &lease_tag::released()).await;
    }
}

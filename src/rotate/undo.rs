//! After a failure: remove the clone this run made, unless the record points at it, and say what is left.

use std::future::Future;
use std::time::Duration;

use crate::error::{Exit, Failure};
use crate::platform::guard;
use crate::platform::{RecordState, tag};

use super::lease;
use super::retire;
use super::run::Run;
use super::wait::Pace;

/// How long a cancelled run may take to clean up. GitHub kills a cancelled job 10 s after its SIGINT.
const PATIENCE_WHEN_CANCELLED: Duration = Duration::from_secs(5);
/// How long a failed run waits for its clone to become deletable.
const PATIENCE: Duration = Duration::from_secs(900);

/// Cleans up after `failure` and completes it with what was undone and what is left. `cancel` is not
/// awaited again when it was what ended the run.
pub async fn after(run: &Run, failure: Failure, keep_failed: bool, cancel: impl Future<Output = ()>) -> Failure {
    let place = run.place();
    let Some((name, id)) = place.clone else {
        // It says itself what there is: another run, or a dead run's clone that could not be removed.
        if matches!(failure.exit, Exit::Busy | Exit::FailedLeft) {
            return failure;
        }
        return with_exit(failure, Exit::Refused).and("nothing was changed");
    };
    let cancelled = failure.exit == Exit::Interrupted;
    let patience = if cancelled { PATIENCE_WHEN_CANCELLED } else { PATIENCE };
    let id = id.as_deref();
    let work = async {
        // A change of the record that is under way ends first: only then does the record say what is live.
        drop(run.changing.lock().await);
        if place.swapped || is_live(run, &name).await {
            // What is live is said even if the lease cannot be given up: it ends by itself.
            let _ = tokio::time::timeout(Duration::from_secs(2), release(run, &name, id)).await;
            return Left::Live;
        }
        if keep_failed {
            release(run, &name, id).await;
            return Left::Kept;
        }
        match whose(run, &name, place.accepted).await {
            Whose::Ours => {}
            Whose::Others => return Left::Others,
            Whose::Nobodys => return Left::Nothing,
        }
        match retire::delete(run, &name, id, patience).await {
            Ok(()) => Left::Removed,
            Err(error) => {
                release(run, &name, id).await;
                Left::Stuck(error.to_string())
            }
        }
    };
    let enough = async {
        if !cancelled {
            // A signal that comes while we clean up has to end the program as quickly as any other.
            let _ = tokio::time::timeout(PATIENCE, cancel).await;
        }
        tokio::time::sleep(PATIENCE_WHEN_CANCELLED + Duration::from_secs(1)).await;
    };
    let outcome = tokio::select! {
        outcome = work => outcome,
        () = enough => Left::Stuck("it could not be deleted in time".to_owned()),
    };
    let record = &run.target.record.name;
    let next = "the next rotation, or `devdb cleanup`, removes it or goes on with it";
    match outcome {
        Left::Live => with_exit(failure, Exit::NotRetired)
            .and(format!("{name} is live: {record} points at it"))
            .and("older generations that are left are removed by the next rotation"),
        Left::Nothing => with_exit(failure, Exit::FailedRemoved)
            .and(format!("no clone is left; {record} and the live generation are as before")),
        Left::Others => with_exit(failure, Exit::Busy)
            .and(format!("{name} belongs to another run now, which decides what becomes of it")),
        Left::Removed => with_exit(failure, Exit::FailedRemoved)
            .and(format!("{name} was removed; {record} and the live generation are as before")),
        Left::Kept => with_exit(failure, Exit::FailedLeft)
            .and(format!("{name} is left in quarantine; {record} and the live generation are as before"))
            .and(next),
        Left::Stuck(why) => with_exit(failure, Exit::FailedLeft)
            .and(format!("{name} could not be removed: {why}; {record} and the live generation are as before"))
            .and(next),
    }
}

enum Left {
    Live,
    Nothing,
    Others,
    Removed,
    Kept,
    Stuck(String),
}

/// The exit code of what is left, unless the failure has one that says more.
fn with_exit(mut failure: Failure, exit: Exit) -> Failure {
    if !matches!(failure.exit, Exit::Interrupted | Exit::Busy | Exit::Leak | Exit::Usage) {
        failure.exit = exit;
    }
    failure
}

/// The answer to a swap may have been lost: only the record says whether it happened.
async fn is_live(run: &Run, name: &str) -> bool {
    let (Ok(RecordState::Present(record)), Ok(Some(instance))) =
        (run.platform.record().await, run.platform.instance(name).await)
    else {
        return false;
    };
    guard::points_at(&*run.platform, &record, &instance)
}

enum Whose {
    Ours,
    Others,
    Nobodys,
}

/// Whether this run made, or took over, what has that name now. A clone that was accepted and cannot
/// be seen yet is waited for: it would appear later, with production's data in it.
async fn whose(run: &Run, name: &str, accepted: bool) -> Whose {
    let mut pace = Pace::default();
    loop {
        match run.platform.instance(name).await {
            Ok(Some(instance)) if instance.tag(tag::RUN).is_some_and(|owner| owner != run.id) => return Whose::Others,
            // Without the tag the guard of the deletion refuses it, by name.
            Ok(Some(_)) => return Whose::Ours,
            Ok(None) if !accepted => return Whose::Nobodys,
            // When it cannot be asked, the guard of the deletion decides.
            Err(_) => return Whose::Ours,
            Ok(None) => pace.rest().await,
        }
    }
}

/// Gives the lease up, so that the next run need not wait for it to end; not that of a run which took the
/// clone over, and not on another instance that has the name by now.
async fn release(run: &Run, name: &str, id: Option<&str>) {
    if let Ok(dev) = guard::admit(&*run.platform, &run.rules, name, id).await
        && dev.instance().tag(tag::RUN) == Some(&run.id)
    {
        // If this fails, the lease ends by itself.
        let _ = run.platform.set_tags(dev, &lease::released()).await;
    }
}

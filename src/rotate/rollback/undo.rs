//! Completion of a failure: releases the lease, and reports what the record points at. The record alone decides whether
//! the rollback took place: the response to a swap may have been lost.

use std::future::Future;
use std::time::Duration;

use crate::error::{Exit, Failure};
use crate::platform::{self, RecordState, guard};
use crate::rotate::run::{Progress, Run};
use crate::rotate::undo::{LIMIT_WHEN_CANCELLED, release, with_exit};

/// Time to release the lease and to read the record.
const LIMIT: Duration = Duration::from_secs(60);

/// Adds to `failure` what was changed and what is live. `cancel` is not awaited again if it was what ended the run.
pub(super) async fn after(run: &Run, failure: Failure, cancel: impl Future<Output = ()>) -> Failure {
    run.update_progress(|progress| progress.held = false);
    let progress = run.progress();
    let cancelled = failure.exit == Exit::Interrupted;
    let time_out = async {
        if cancelled {
            return tokio::time::sleep(LIMIT_WHEN_CANCELLED).await;
        }
        let _ = tokio::time::timeout(LIMIT, cancel).await;
    };
    let live = tokio::select! {
        live = clean_up(run, &progress) => live.map_err(|error| error.to_string()),
        () = time_out => Err("it took too long".to_owned()),
    };
    described(failure, &progress, live, &run.target.record.name)
}

/// What the record holds.
struct Live {
    /// A sentence that names the generation.
    sentence: String,
    /// Whether that is the one that the run rolls back to.
    is_target: bool,
}

async fn clean_up(run: &Run, progress: &Progress) -> platform::Result<Live> {
    // A change of the record that is under way ends first: only then does the record show what is live.
    drop(run.record_change.lock().await);
    let live = read_live(run, progress).await;
    if let Some((name, id)) = &progress.clone {
        release(run, name, id.as_deref()).await;
    }
    live
}

async fn read_live(run: &Run, progress: &Progress) -> platform::Result<Live> {
    let name = &run.target.record.name;
    let record = match run.platform.record().await? {
        RecordState::Present(record) => record,
        RecordState::Absent => return Ok(Live { sentence: format!("{name} does not exist"), is_target: false }),
        RecordState::Foreign(why) => return Ok(Live { sentence: format!("{name}: {why}"), is_target: false }),
    };
    let mut all = run.platform.generations().await?.into_iter();
    let live = all.find(|one| guard::points_at(&*run.platform, &record, one)).map_or(record.value, |one| one.name);
    let is_target = progress.clone.as_ref().is_some_and(|(target, _)| *target == live);
    Ok(Live { sentence: format!("{name} points at {live}"), is_target })
}

/// Completes the failure with the exit code and the sentences of what was found.
fn described(failure: Failure, progress: &Progress, live: Result<Live, String>, record: &str) -> Failure {
    let Some((target, _)) = &progress.clone else {
        let failure = with_exit(failure, Exit::Refused).and("nothing was changed");
        return match live {
            Ok(live) => failure.and(live.sentence),
            // What the record points at was not asked, and the failure itself names the outage.
            Err(_) => failure,
        };
    };
    let mut failure = match live {
        Ok(Live { sentence, is_target: true }) => {
            return with_exit(failure, Exit::NotRetired)
                .and(format!("{target} is live: {sentence}"))
                .and("`devdb rollback` once more, or the next rotation, completes what is left");
        }
        Ok(Live { sentence, .. }) if progress.started => with_exit(failure, Exit::FailedLeft).and(sentence),
        Ok(Live { sentence, .. }) => with_exit(failure, Exit::FailedRemoved).and(sentence),
        Err(why) => {
            let exit = if progress.swapped { Exit::NotRetired } else { Exit::FailedLeft };
            let failure = with_exit(failure, exit)
                .and(format!("what {record} points at could not be read: {why}; `devdb status` shows it"));
            if progress.swapped {
                return failure.and(format!("{record} was pointed at {target}"));
            }
            failure
        }
    };
    if progress.stored {
        failure =
            failure.and(format!("the stored master password is that of {target}, which is not live; roll back again"));
    } else if progress.reset {
        failure =
            failure.and(format!("the master password of {target} was reset; the next rollback to it resets it again"));
    }
    if progress.started {
        failure = failure.and(format!("{target} was started and is left running"));
    }
    failure
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described_as(progress: Progress, live: Result<&str, &str>) -> (Exit, String) {
        let live = live.map(|name| Live { sentence: format!("db points at {name}"), is_target: name == "app-dev-1" });
        let failure = Failure::new(Exit::Unexpected, "words");
        let failure = described(failure, &progress, live.map_err(str::to_owned), "db");
        (failure.exit, failure.aftermath.join("; "))
    }

    #[test]
    fn the_record_decides_about_the_exit_code() {
        let held = Progress { clone: Some(("app-dev-1".into(), None)), ..Progress::default() };
        let started = Progress { started: true, ..held.clone() };
        let reset = Progress { reset: true, ..held.clone() };
        let stored = Progress { stored: true, ..reset.clone() };
        let swapped = Progress { swapped: true, ..stored.clone() };
        let cases = [
            (Progress::default(), Ok("app-dev-2"), Exit::Refused, "nothing was changed; db points at app-dev-2"),
            (held.clone(), Ok("app-dev-2"), Exit::FailedRemoved, "db points at app-dev-2"),
            (started, Ok("app-dev-2"), Exit::FailedLeft, "app-dev-1 was started and is left running"),
            (reset, Ok("app-dev-2"), Exit::FailedRemoved, "the master password of app-dev-1 was reset"),
            (stored.clone(), Ok("app-dev-2"), Exit::FailedRemoved, "the stored master password is that of app-dev-1"),
            // The response to the swap was lost.
            (stored, Ok("app-dev-1"), Exit::NotRetired, "app-dev-1 is live: db points at app-dev-1"),
            (held, Err("outage"), Exit::FailedLeft, "could not be read: outage; `devdb status` shows it"),
            (swapped, Err("outage"), Exit::NotRetired, "db was pointed at app-dev-1"),
        ];
        for (progress, live, exit, words) in cases {
            let (found, text) = described_as(progress, live);
            assert_eq!(found, exit, "{text}");
            assert!(text.contains(words), "{text}");
        }
    }
}

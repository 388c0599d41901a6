//! Waits for a platform. Every wait has a deadline, terminal statuses and visible progress.
//!
//! The SDK's waiters are not used: they sleep up to half an hour between requests, and do not know half of the statuses
//! from which an instance never becomes available.

use std::time::{Duration, Instant};

use crate::error::{Exit, Failure};
use crate::platform::{self, Instance, Platform, Status};
use crate::step::Step;
use crate::units::span;

/// Time after an accepted restore during which the instance may be invisible (eventual consistency).
const INVISIBLE: Duration = Duration::from_secs(180);
/// The longest pause between two requests. The first is short, for platforms that respond at once.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// Progress is reported at least this often.
const REPORT_INTERVAL: Duration = Duration::from_secs(60);

/// Why a wait failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The instance will not become available.
    #[error("{name} is {status}{}", reported(.events))]
    Dead {
        /// Its name.
        name: String,
        /// Its status.
        status: String,
        /// Events that the platform reports.
        events: Vec<String>,
    },
    /// The instance does not exist.
    #[error("{name} does not exist")]
    Gone {
        /// Its name.
        name: String,
    },
    /// The deadline has passed.
    #[error("{what} did not happen within {}; the last state was: {last}{}", span(*.limit), reported(.events))]
    Late {
        /// The awaited change.
        what: String,
        /// The deadline.
        limit: Duration,
        /// The last state.
        last: String,
        /// Events that the platform reports.
        events: Vec<String>,
    },
    /// A request to the platform failed.
    #[error(transparent)]
    Platform(#[from] platform::Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Platform(error) => error.into(),
            other => Failure::new(Exit::Unexpected, other),
        }
    }
}

fn reported(events: &[String]) -> String {
    if events.is_empty() { String::new() } else { format!("; it reports: {}", events.join("; ")) }
}

/// Pauses that grow up to [`LONGEST_PAUSE`].
pub struct Backoff {
    next: Duration,
    longest: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { next: Duration::from_millis(100), longest: LONGEST_PAUSE }
    }
}

impl Backoff {
    /// Sleeps, longer than the last time.
    pub async fn pause(&mut self) {
        tokio::time::sleep(self.next).await;
        self.next = (self.next * 3 / 2).min(self.longest);
    }
}

/// Reports each change of a state, and an unchanged one at intervals.
pub struct StateReporter<'a> {
    step: &'a Step<'a>,
    last: String,
    began: Instant,
    shown: Instant,
}

impl<'a> StateReporter<'a> {
    /// Starts the clock.
    pub fn new(step: &'a Step<'a>) -> Self {
        Self { step, last: String::new(), began: Instant::now(), shown: Instant::now() }
    }

    /// Reports the present state.
    pub fn report(&mut self, now: &str) {
        if now != self.last {
            self.step.progress(now);
            now.clone_into(&mut self.last);
            self.shown = Instant::now();
        } else if self.shown.elapsed() > REPORT_INTERVAL {
            self.step.progress(format!("{now}, for {}", span(self.began.elapsed())));
            self.shown = Instant::now();
        }
    }

    /// Returns the time since the start.
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }
}

/// Waits until an instance is available, and the change named `pending` is not outstanding.
pub async fn until_available(
    platform: &dyn Platform,
    step: &Step<'_>,
    name: &str,
    limit: Duration,
    pending: Option<&str>,
) -> Result<Instance, Error> {
    let mut reporter = StateReporter::new(step);
    let mut backoff = Backoff::default();
    loop {
        let last = match platform.instance(name).await? {
            Some(instance) => {
                let waiting = pending.is_some_and(|item| instance.pending.iter().any(|pending| pending == item));
                match &instance.status {
                    Status::Available if !waiting => return Ok(instance),
                    Status::Available => format!("available, {} pending", pending.unwrap_or_default()),
                    Status::InProgress(word) => word.clone(),
                    Status::Failed(word) => {
                        let events = platform.events(name).await.unwrap_or_default();
                        return Err(Error::Dead { name: name.to_owned(), status: word.clone(), events });
                    }
                    Status::Deleting => return Err(Error::Gone { name: name.to_owned() }),
                }
            }
            None if reporter.elapsed() < INVISIBLE => "not visible yet".to_owned(),
            None => return Err(Error::Gone { name: name.to_owned() }),
        };
        reporter.report(&last);
        if reporter.elapsed() > limit {
            let events = platform.events(name).await.unwrap_or_default();
            return Err(Error::Late { what: format!("{name} becoming available"), limit, last, events });
        }
        backoff.pause().await;
    }
}

/// Waits until an instance is gone.
pub async fn until_gone(platform: &dyn Platform, step: &Step<'_>, name: &str, limit: Duration) -> Result<(), Error> {
    let mut reporter = StateReporter::new(step);
    let mut backoff = Backoff::default();
    while let Some(instance) = platform.instance(name).await? {
        reporter.report(&format!("{name} {}", instance.status));
        if reporter.elapsed() > limit {
            let last = instance.status.to_string();
            return Err(Error::Late { what: format!("removal of {name}"), limit, last, events: Vec::new() });
        }
        backoff.pause().await;
    }
    Ok(())
}

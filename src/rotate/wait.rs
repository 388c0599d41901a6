//! Waits for a platform. Every wait has a deadline, terminal statuses and visible progress.
//!
//! The SDK's waiters are not used: they sleep up to half an hour between requests, and do not know half of the statuses
//! from which an instance never becomes available.

use std::time::{Duration, Instant};

use crate::error::{Exit, Failure};
use crate::event::{Event, Listener};
use crate::platform::retry::while_transient;
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
    /// The state could not be read: the request was rejected, or failed until the deadline had passed. The cleanup
    /// recognizes the platform's error in the failure, and deletes nothing.
    #[error("failed to observe {what}: {error}")]
    Unobserved {
        /// What was waited for.
        what: String,
        /// The last error.
        error: Box<platform::Error>,
    },
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Unobserved { what, error } => Failure::from(*error).during(format!("observe {what}")),
            Error::Dead { ref status, .. } => {
                let hint = platform::status_remedy(status);
                let failure = Failure::new(Exit::Unexpected, error);
                match hint {
                    Some(hint) => failure.hint(hint),
                    None => failure,
                }
            }
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
    sink: Sink<'a>,
    last: String,
    began: Instant,
    shown: Instant,
}

/// Where states are reported.
enum Sink<'a> {
    /// As progress of a step.
    Step(&'a Step<'a>),
    /// As warnings.
    Warnings(&'a dyn Listener),
}

impl Sink<'_> {
    fn send(&self, message: String) {
        match self {
            Sink::Step(step) => step.progress(message),
            Sink::Warnings(listener) => listener.on_event(&Event::Warning { message }),
        }
    }
}

impl<'a> StateReporter<'a> {
    /// Starts the clock; reports as progress of a step.
    pub fn new(step: &'a Step<'a>) -> Self {
        Self::to(Sink::Step(step))
    }

    /// Starts the clock; reports as warnings.
    pub fn warnings(listener: &'a dyn Listener) -> Self {
        Self::to(Sink::Warnings(listener))
    }

    fn to(sink: Sink<'a>) -> Self {
        let now = Instant::now();
        Self { sink, last: String::new(), began: now, shown: now }
    }

    /// Reports the present state.
    pub fn report(&mut self, now: &str) {
        self.report_as(now, now);
    }

    /// Reports an error after which the request is repeated. An outage is one state, whatever each error says.
    pub fn retrying(&mut self, error: &platform::Error) {
        match error {
            platform::Error::Outage { .. } => {
                self.report_as("outage", &format!("the platform does not answer ({error}); trying again"));
            }
            error => self.report(&error.to_string()),
        }
    }

    fn report_as(&mut self, state: &str, message: &str) {
        if state != self.last {
            self.sink.send(message.to_owned());
            state.clone_into(&mut self.last);
            self.shown = Instant::now();
        } else if self.shown.elapsed() > REPORT_INTERVAL {
            self.sink.send(format!("{message}, for {}", span(self.began.elapsed())));
            self.shown = Instant::now();
        }
    }

    /// Returns the time since the start.
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }
}

/// Returns the result of a read, or `None` if it failed with a transient error and the deadline has not passed: a failed
/// read says nothing about what is waited for.
///
/// # Errors
/// [`Error::Unobserved`] for any other error, and after the deadline.
pub fn observed<T>(
    read: platform::Result<T>,
    what: &str,
    limit: Duration,
    reporter: &mut StateReporter<'_>,
) -> Result<Option<T>, Error> {
    match read {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_transient() && reporter.elapsed() <= limit => {
            reporter.retrying(&error);
            Ok(None)
        }
        Err(error) => Err(Error::Unobserved { what: what.to_owned(), error: Box::new(error) }),
    }
}

/// Repeats an attempt outside of any step while it fails with a transient error, at most for `limit`. An outage is
/// reported as a warning.
///
/// # Errors
/// The last transient error after `limit`; any other error at once.
pub async fn retry<T, Attempt>(
    listener: &dyn Listener,
    limit: Duration,
    attempt: impl FnMut() -> Attempt,
) -> platform::Result<T>
where
    Attempt: Future<Output = platform::Result<T>>,
{
    let mut reporter = StateReporter::warnings(listener);
    let report = |error: &platform::Error| {
        if let platform::Error::Outage { .. } = error {
            reporter.retrying(error);
        }
    };
    while_transient(limit, report, attempt).await
}

/// Waits until an instance is available, and no change that begins with `pending` is outstanding.
pub async fn until_available(
    platform: &dyn Platform,
    step: &Step<'_>,
    name: &str,
    limit: Duration,
    pending: Option<&str>,
) -> Result<Instance, Error> {
    let found = until_settled(platform, step, name, limit, pending).await?;
    if found.status == Status::Stopped { Err(dead(platform, &found).await) } else { Ok(found) }
}

/// [`until_available`], or until the instance is stopped.
pub async fn until_settled(
    platform: &dyn Platform,
    step: &Step<'_>,
    name: &str,
    limit: Duration,
    pending: Option<&str>,
) -> Result<Instance, Error> {
    let mut reporter = StateReporter::new(step);
    let mut backoff = Backoff::default();
    loop {
        let Some(found) = observed(platform.instance(name).await, name, limit, &mut reporter)? else {
            backoff.pause().await;
            continue;
        };
        let last = match found {
            Some(instance) => {
                let waits = |change: &&String| pending.is_some_and(|pending| change.starts_with(pending));
                match (&instance.status, instance.pending.iter().find(waits)) {
                    (Status::Available, None) | (Status::Stopped, _) => return Ok(instance),
                    (Status::Available, Some(change)) => format!("available, {change} pending"),
                    (status @ (Status::InProgress(_) | Status::Stopping), _) => status.to_string(),
                    (Status::Failed(_) | Status::Damaged(_), _) => return Err(dead(platform, &instance).await),
                    (Status::Deleting, _) => return Err(Error::Gone { name: name.to_owned() }),
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

/// Returns the error of an instance that will not become available.
async fn dead(platform: &dyn Platform, instance: &Instance) -> Error {
    let events = platform.events(&instance.name).await.unwrap_or_default();
    Error::Dead { name: instance.name.clone(), status: instance.status.to_string(), events }
}

/// Waits until an instance is gone.
pub async fn until_gone(platform: &dyn Platform, step: &Step<'_>, name: &str, limit: Duration) -> Result<(), Error> {
    let mut reporter = StateReporter::new(step);
    let mut backoff = Backoff::default();
    loop {
        match observed(platform.instance(name).await, name, limit, &mut reporter)? {
            Some(None) => return Ok(()),
            Some(Some(instance)) if reporter.elapsed() > limit => {
                let last = instance.status.to_string();
                return Err(Error::Late { what: format!("removal of {name}"), limit, last, events: Vec::new() });
            }
            Some(Some(instance)) => reporter.report(&format!("{name} {}", instance.status)),
            None => {}
        }
        backoff.pause().await;
    }
}

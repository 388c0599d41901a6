//! Waiting for a platform: every wait has a deadline, statuses that end it, and shows what changes.
//!
//! The SDK's waiters are not used: they sleep up to half an hour between looks and do not know half of
//! the statuses from which an instance never becomes available.

use std::time::{Duration, Instant};

use crate::platform::{self, Instance, Platform, Status};

use crate::step::Step;
use crate::units::span;

/// How long after a restore was accepted the instance may still be invisible (eventual consistency).
const INVISIBLE: Duration = Duration::from_secs(180);
/// The longest pause between two looks. The first is short, for platforms that answer at once.
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// A sign of life is shown at least this often.
const SIGN_OF_LIFE: Duration = Duration::from_secs(60);

/// Why a wait ended without what it waited for.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The instance will not become available.
    #[error("{name} is {status}{}", reported(.events))]
    Dead {
        /// Its name.
        name: String,
        /// Its status.
        status: String,
        /// What the platform says happened.
        events: Vec<String>,
    },
    /// The instance is not there.
    #[error("{name} does not exist")]
    Gone {
        /// Its name.
        name: String,
    },
    /// Time ran out.
    #[error("{what} did not happen within {}; last seen: {last}{}", span(*.limit), reported(.events))]
    Late {
        /// What was waited for.
        what: String,
        /// For how long.
        limit: Duration,
        /// What was seen last.
        last: String,
        /// What the platform says happened.
        events: Vec<String>,
    },
    /// The platform could not be asked.
    #[error(transparent)]
    Platform(#[from] platform::Error),
}

fn reported(events: &[String]) -> String {
    if events.is_empty() { String::new() } else { format!("; it reports: {}", events.join("; ")) }
}

/// A pause that grows from a blink to [`LONGEST_PAUSE`].
pub struct Pace {
    next: Duration,
    longest: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self { next: Duration::from_millis(100), longest: LONGEST_PAUSE }
    }
}

impl Pace {
    /// Sleeps, a little longer than the last time.
    pub async fn rest(&mut self) {
        tokio::time::sleep(self.next).await;
        self.next = (self.next * 3 / 2).min(self.longest);
    }
}

/// Shows what changes, and a sign of life when nothing does.
pub struct Watch<'a> {
    step: &'a Step<'a>,
    last: String,
    began: Instant,
    shown: Instant,
}

impl<'a> Watch<'a> {
    /// Begins to watch.
    pub fn new(step: &'a Step<'a>) -> Self {
        Self { step, last: String::new(), began: Instant::now(), shown: Instant::now() }
    }

    /// Takes what is seen now.
    pub fn see(&mut self, now: &str) {
        if now != self.last {
            self.step.progress(now);
            now.clone_into(&mut self.last);
            self.shown = Instant::now();
        } else if self.shown.elapsed() > SIGN_OF_LIFE {
            self.step.progress(format!("{now}, for {}", span(self.began.elapsed())));
            self.shown = Instant::now();
        }
    }

    /// How long it has been watched.
    pub fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }
}

/// Waits until an instance is available and nothing that `pending` names is outstanding.
pub async fn until_available(
    platform: &dyn Platform,
    step: &Step<'_>,
    name: &str,
    limit: Duration,
    pending: Option<&str>,
) -> Result<Instance, Error> {
    let mut watch = Watch::new(step);
    let mut pace = Pace::default();
    loop {
        let last = match platform.instance(name).await? {
            Some(instance) => {
                let waiting = pending.is_some_and(|item| instance.pending.iter().any(|pending| pending == item));
                match &instance.status {
                    Status::Available if !waiting => return Ok(instance),
                    Status::Available => format!("available, {} pending", pending.unwrap_or_default()),
                    Status::Moving(word) => word.clone(),
                    Status::Dead(word) => {
                        let events = platform.events(name).await.unwrap_or_default();
                        return Err(Error::Dead { name: name.to_owned(), status: word.clone(), events });
                    }
                    Status::Deleting => return Err(Error::Gone { name: name.to_owned() }),
                }
            }
            None if watch.elapsed() < INVISIBLE => "not visible yet".to_owned(),
            None => return Err(Error::Gone { name: name.to_owned() }),
        };
        watch.see(&last);
        if watch.elapsed() > limit {
            let events = platform.events(name).await.unwrap_or_default();
            return Err(Error::Late { what: format!("{name} becoming available"), limit, last, events });
        }
        pace.rest().await;
    }
}

/// Waits until an instance is gone.
pub async fn until_gone(platform: &dyn Platform, step: &Step<'_>, name: &str, limit: Duration) -> Result<(), Error> {
    let mut watch = Watch::new(step);
    let mut pace = Pace::default();
    while let Some(instance) = platform.instance(name).await? {
        watch.see(&format!("{name} {}", instance.status));
        if watch.elapsed() > limit {
            let last = instance.status.to_string();
            return Err(Error::Late { what: format!("removal of {name}"), limit, last, events: Vec::new() });
        }
        pace.rest().await;
    }
    Ok(())
}

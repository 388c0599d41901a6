//! Waiting for the end of another run's lease.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::error::{Exit, Failure};
use crate::step::Step;
use crate::units::span;

use super::lease_tag::HeldLease;
use super::run::Run;

/// A wait for the lease of a run that may be dead.
pub struct LeaseWait {
    seen: Option<HeldLease>,
    began: Instant,
}

impl LeaseWait {
    /// Starts the clock.
    pub fn begin() -> LeaseWait {
        LeaseWait { seen: None, began: Instant::now() }
    }

    /// Sleeps until the end of the lease, at most 5 s.
    ///
    /// # Errors
    /// [`Exit::Busy`] if the lease was extended since the last pause, or outlasts two of our own.
    pub async fn pause(&mut self, run: &Run, step: &Step<'_>, lease: HeldLease, now: Timestamp) -> Result<(), Failure> {
        let HeldLease { generation, run: other, until } = &lease;
        // A lease that was extended meanwhile belongs to a living run; one that outlasts two of ours may come from
        // another clock, and is not waited for.
        let extended = self.seen.as_ref().is_some_and(|seen| seen.run == *other && seen.until != *until);
        if extended || self.began.elapsed() > run.target.generation.lease * 2 {
            return Err(Failure::new(Exit::Busy, format!("another run ({other}) works on {generation}"))
                .hint("wait for it, or take over what it works on with --take-over"));
        }
        let left = Duration::try_from(until.duration_since(now)).unwrap_or_default();
        step.progress(format!("{generation} belongs to run {other}, whose lease ends in {}", span(left)));
        self.seen = Some(lease);
        tokio::time::sleep(left.min(Duration::from_secs(5)).max(Duration::from_millis(50))).await;
        Ok(())
    }
}

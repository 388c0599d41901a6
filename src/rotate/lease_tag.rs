//! The lease of a run: a tag on its clone with the time until which the run is presumed alive.

use std::time::Duration;

use jiff::Timestamp;

use crate::platform::{Instance, Phase, Tags, tag};

/// A lease that has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldLease {
    /// The generation that a run works on.
    pub generation: String,
    /// The run.
    pub run: String,
    /// End of the lease.
    pub until: Timestamp,
}

/// Returns the lease of a run other than `run` on an instance, if it has not ended at `now`. A run has finished its work
/// on a generation that is tagged as live.
pub fn of_other(instance: &Instance, now: Timestamp, run: &str) -> Option<HeldLease> {
    if instance.phase() == Some(Phase::Live) {
        return None;
    }
    let until = ends_at(instance).filter(|until| *until > now && instance.tag(tag::RUN) != Some(run))?;
    let run = instance.tag(tag::RUN).unwrap_or("unknown").to_owned();
    Some(HeldLease { generation: instance.name.clone(), run, until })
}

/// Returns when the lease on an instance ends, or `None` if it has none.
pub fn ends_at(instance: &Instance) -> Option<Timestamp> {
    instance.tag(tag::LEASE)?.parse().ok()
}

/// Returns whether the lease on an instance has not ended, so that some run may still work on it.
pub fn is_held(instance: &Instance) -> bool {
    ends_at(instance).is_some_and(|end| end > Timestamp::now())
}

/// Returns the tag of a lease of this length that begins now.
pub fn held(length: Duration) -> Tags {
    Tags::from([(tag::LEASE.to_owned(), end(Timestamp::now(), length).to_string())])
}

/// Returns the tag of a released lease.
pub fn released() -> Tags {
    Tags::from([(tag::LEASE.to_owned(), Timestamp::UNIX_EPOCH.to_string())])
}

/// Returns the end of a lease that begins at `start`, at most the largest timestamp.
pub fn end(start: Timestamp, length: Duration) -> Timestamp {
    start.checked_add(length).unwrap_or(Timestamp::MAX)
}

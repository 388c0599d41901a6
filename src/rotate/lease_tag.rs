//! The lease of a run: a tag on its clone with the time until which the run is presumed alive.

use std::time::Duration;

use jiff::Timestamp;

use crate::platform::{Instance, Tags, tag};

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

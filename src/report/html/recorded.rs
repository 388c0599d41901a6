//! Events with their times.

use jiff::Timestamp;

use crate::event::Event;

/// An event with its time.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// Time of arrival: events carry no time of their own.
    pub at: Timestamp,
    /// The event.
    pub event: Event,
}

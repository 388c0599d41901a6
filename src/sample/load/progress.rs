//! What a load has moved so far, told about once a second.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::event::{Event, Listener};
use crate::units::size;

/// Between two events.
const PACE: Duration = Duration::from_secs(1);

/// Counts bytes of all tables.
pub(crate) struct Progress<'a> {
    listener: &'a dyn Listener,
    step: &'static str,
    began: Instant,
    expected: u64,
    state: Mutex<State>,
}

struct State {
    bytes: u64,
    told: Instant,
}

impl<'a> Progress<'a> {
    /// Of bytes of which about so many are expected.
    pub(crate) fn new(listener: &'a dyn Listener, step: &'static str, expected: u64) -> Self {
        let now = Instant::now();
        Self { listener, step, began: now, expected, state: Mutex::new(State { bytes: 0, told: now }) }
    }

    /// Some bytes of a table went by.
    pub(crate) fn moved(&self, table: &str, bytes: u64) {
        let Ok(mut state) = self.state.lock() else { return };
        state.bytes += bytes;
        if state.told.elapsed() < PACE {
            return;
        }
        state.told = Instant::now();
        let words = words(state.bytes, self.expected, self.began.elapsed());
        drop(state);
        self.listener.on_event(&Event::Progress { step: self.step, message: format!("{words}; now {table}") });
    }

    /// A table is done.
    pub(crate) fn table(&self, table: &str, rows: u64, bytes: u64) {
        self.listener.on_event(&Event::TableSampled { table: table.to_owned(), rows, bytes });
    }
}

fn words(bytes: u64, expected: u64, time: Duration) -> String {
    let seconds = time.as_secs_f64().max(0.001);
    let rate = bytes as f64 / seconds;
    let left = expected.saturating_sub(bytes) as f64 / rate.max(1.0);
    let end = if bytes < expected { format!(", {left:.0} s left") } else { String::new() };
    format!("{} of about {} at {}/s{end}", size(bytes), size(expected.max(bytes)), size(rate as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_how_far_and_how_long() {
        let said = words(30_000_000, 90_000_000, Duration::from_secs(3));
        assert_eq!(said, "30 MB of about 90 MB at 10 MB/s, 6 s left");
    }
}

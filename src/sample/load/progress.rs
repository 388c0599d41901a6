//! Progress of copying, reported about once a second.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::event::{Event, Listener};
use crate::units::size;

/// The time between two events.
const INTERVAL: Duration = Duration::from_secs(1);

/// The progress of copying all tables.
pub(crate) struct Progress<'a> {
    listener: &'a dyn Listener,
    step: &'static str,
    started: Instant,
    expected: u64,
    state: Mutex<State>,
}

struct State {
    bytes: u64,
    reported: Instant,
}

impl<'a> Progress<'a> {
    /// Starts the progress of a copy of about `expected` bytes.
    pub(crate) fn new(listener: &'a dyn Listener, step: &'static str, expected: u64) -> Self {
        let now = Instant::now();
        Self { listener, step, started: now, expected, state: Mutex::new(State { bytes: 0, reported: now }) }
    }

    /// Counts copied bytes of a table.
    pub(crate) fn moved(&self, table: &str, bytes: u64) {
        let Ok(mut state) = self.state.lock() else { return };
        state.bytes += bytes;
        if state.reported.elapsed() < INTERVAL {
            return;
        }
        state.reported = Instant::now();
        let text = text(state.bytes, self.expected, self.started.elapsed());
        drop(state);
        self.listener.on_event(&Event::Progress { step: self.step, message: format!("{text}; now {table}") });
    }

    /// Reports a copied table.
    pub(crate) fn table(&self, table: &str, rows: u64, bytes: u64) {
        self.listener.on_event(&Event::TableSampled { table: table.to_owned(), rows, bytes });
    }
}

/// Returns `30.0 MB of about 90.0 MB at 10.0 MB/s, 6 s left`.
fn text(bytes: u64, expected: u64, time: Duration) -> String {
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
    fn the_text_has_bytes_rate_and_remaining_time() {
        let text = text(30_000_000, 90_000_000, Duration::from_secs(3));
        assert_eq!(text, "30.0 MB of about 90.0 MB at 10.0 MB/s, 6 s left");
    }
}

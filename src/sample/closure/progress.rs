//! Progress of the traversal, reported once a second.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::state::Closure;
use crate::event::{Event, Listener};
use crate::units::counted;

/// The time between two events.
const INTERVAL: Duration = Duration::from_secs(1);
/// The number of tables that an event names.
const SHOWN: usize = 4;

/// Reports progress events at intervals.
pub(super) struct ProgressReporter<'a> {
    listener: &'a dyn Listener,
    last: Instant,
}

impl<'a> ProgressReporter<'a> {
    pub(super) fn new(listener: &'a dyn Listener) -> Self {
        Self { listener, last: Instant::now() }
    }

    /// Reports the rows found so far, and the tables that the current round reads.
    pub(super) fn report(&mut self, closure: &Closure, tables: impl Iterator<Item = usize>) {
        if self.last.elapsed() < INTERVAL {
            return;
        }
        self.last = Instant::now();
        let names = tables.map(|table| closure.graph.tables[table].path.to_string()).collect();
        self.listener.on_event(&Event::Progress { step: "select", message: message(closure.total.rows, names) });
    }
}

fn message(rows: u64, tables: BTreeSet<String>) -> String {
    let more = tables.len().saturating_sub(SHOWN);
    let names: Vec<String> = tables.into_iter().take(SHOWN).collect();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{} found; reading {}{more}", counted(rows, "row"), names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_has_rows_and_tables() {
        let message = |names: &str| message(7, names.split(' ').map(str::to_owned).collect());
        assert_eq!(message("b a b"), "7 rows found; reading a, b");
        assert_eq!(message("a b c d e f"), "7 rows found; reading a, b, c, d and 2 more");
    }
}

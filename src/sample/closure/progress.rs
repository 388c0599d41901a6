//! How far the search for rows is, told about once a second.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::Closure;
use crate::event::{Event, Listener};

/// Between two events.
const PACE: Duration = Duration::from_secs(1);
/// Tables that are named.
const SHOWN: usize = 4;

/// When somebody was told last.
pub(super) struct ProgressReporter<'a> {
    listener: &'a dyn Listener,
    last: Instant,
}

impl<'a> ProgressReporter<'a> {
    pub(super) fn to(listener: &'a dyn Listener) -> Self {
        Self { listener, last: Instant::now() }
    }

    /// Rows so far, and the tables that this round looks in.
    pub(super) fn tell(&mut self, closure: &Closure, tables: impl Iterator<Item = usize>) {
        if self.last.elapsed() < PACE {
            return;
        }
        self.last = Instant::now();
        let names = tables.map(|table| closure.graph.tables[table].path.to_string()).collect();
        self.listener.on_event(&Event::Progress { step: "select", message: words(closure.total.rows, names) });
    }
}

fn words(rows: u64, tables: BTreeSet<String>) -> String {
    let more = tables.len().saturating_sub(SHOWN);
    let names: Vec<String> = tables.into_iter().take(SHOWN).collect();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{rows} rows so far; now {}{more}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_says_how_many_and_where() {
        let said = |names: &str| words(7, names.split(' ').map(str::to_owned).collect());
        assert_eq!(said("b a b"), "7 rows so far; now a, b");
        assert_eq!(said("a b c d e f"), "7 rows so far; now a, b, c, d and 2 more");
    }
}

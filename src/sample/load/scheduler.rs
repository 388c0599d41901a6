//! The scheduler: assigns units to sessions. A unit waits for earlier units of the same tables.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::apply::BATCH;
use super::parallel_plan::Unit;

/// The most that a batch of several units costs, in bytes of tables.
const SMALL: u64 = 32 * 1024 * 1024;

/// The dependency graph of units, by index, with the state of each. Units of one table keep their order, except that
/// units which share it are independent of each other.
#[derive(Debug)]
pub(super) struct Scheduler {
    cost: Vec<u64>,
    before: Vec<Vec<usize>>,
    after: Vec<Vec<usize>>,
    /// The number of units in `before` that are not done.
    open: Vec<usize>,
    /// The cost of the critical path from this unit. The unit with the longest one goes first.
    critical_path: Vec<u64>,
    state: Vec<State>,
    ready: BTreeSet<(Reverse<u64>, usize)>,
    limit: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Waiting,
    Taken,
    Done,
}

impl Scheduler {
    /// Returns the scheduler of units, in their order, for a number of sessions.
    pub(super) fn new(units: &[Unit<'_>], sessions: usize) -> Scheduler {
        let count = units.len();
        let cost: Vec<u64> = units.iter().map(|unit| unit.cost).collect();
        let before = before(units);
        let mut after = vec![Vec::new(); count];
        for (unit, earlier) in before.iter().enumerate() {
            earlier.iter().for_each(|earlier| after[*earlier].push(unit));
        }
        let mut critical_path = cost.clone();
        for unit in (0..count).rev() {
            critical_path[unit] += after[unit].iter().map(|later| critical_path[*later]).max().unwrap_or(0);
        }
        let open: Vec<usize> = before.iter().map(Vec::len).collect();
        let ready =
            (0..count).filter(|unit| open[*unit] == 0).map(|unit| (Reverse(critical_path[unit]), unit)).collect();
        // Small units are batched, but every session gets several batches.
        let limit = SMALL.min(cost.iter().sum::<u64>() / (4 * sessions.max(1) as u64));
        Scheduler { cost, before, after, open, critical_path, state: vec![State::Waiting; count], ready, limit }
    }

    /// Returns the units that the next idle session runs, in one transaction and in this order: one, or several small
    /// ones. Empty if no unit can start before another is done.
    pub(super) fn take(&mut self) -> Vec<usize> {
        let (mut batch, mut total) = (Vec::new(), 0);
        // Units that wait only for units of this batch.
        let mut own = BTreeSet::new();
        while batch.len() < BATCH {
            let fits = |(_, unit): &&(Reverse<u64>, usize)| batch.is_empty() || total + self.cost[*unit] <= self.limit;
            let Some(next) = own.iter().chain(&self.ready).filter(fits).min().copied() else { break };
            own.remove(&next);
            self.ready.remove(&next);
            let (_, unit) = next;
            self.state[unit] = State::Taken;
            total += self.cost[unit];
            batch.push(unit);
            let mine = |earlier: &usize| self.state[*earlier] == State::Done || batch.contains(earlier);
            for later in self.after[unit].iter().filter(|later| self.before[**later].iter().all(mine)) {
                own.insert((Reverse(self.critical_path[*later]), *later));
            }
        }
        batch
    }

    /// Marks units as done.
    pub(super) fn done(&mut self, units: &[usize]) {
        for unit in units {
            self.state[*unit] = State::Done;
            for later in &self.after[*unit] {
                self.open[*later] -= 1;
                if self.open[*later] == 0 && self.state[*later] == State::Waiting {
                    self.ready.insert((Reverse(self.critical_path[*later]), *later));
                }
            }
        }
    }

    /// Returns the units that are not done, in order.
    pub(super) fn left(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.state.len()).filter(|unit| self.state[*unit] != State::Done)
    }
}

/// Returns for each unit the earlier units that it directly depends on.
fn before(units: &[Unit<'_>]) -> Vec<Vec<usize>> {
    let tables = units.iter().flat_map(|unit| &unit.tables).max().map_or(0, |last| last + 1);
    // For each table, the last unit that used it exclusively, and the units that have shared it since.
    let mut last: Vec<(Option<usize>, Vec<usize>)> = vec![(None, Vec::new()); tables];
    let mut before = Vec::new();
    for (number, unit) in units.iter().enumerate() {
        let mut earlier = BTreeSet::new();
        for (alone, sharing) in unit.tables.iter().filter_map(|table| last.get(*table)) {
            earlier.extend(alone);
            if !unit.shares {
                earlier.extend(sharing);
            }
        }
        for table in &unit.tables {
            if unit.shares {
                last[*table].1.push(number);
            } else {
                last[*table] = (Some(number), Vec::new());
            }
        }
        before.push(earlier.into_iter().collect());
    }
    before
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BIG: u64 = 10 * SMALL;

    fn unit(tables: &[usize], shares: bool, cost: u64) -> Unit<'static> {
        Unit { statements: &[], tables: tables.to_vec(), shares, cost }
    }

    #[test]
    fn units_of_a_table_wait_for_earlier_ones() {
        let units = [unit(&[0], false, BIG), unit(&[0], false, BIG), unit(&[1], false, BIG), unit(&[0, 1], false, BIG)];
        let mut scheduler = Scheduler::new(&units, 4);
        // The longest critical path first.
        assert_eq!((scheduler.take(), scheduler.take(), scheduler.take()), (vec![0], vec![2], vec![]));
        scheduler.done(&[2]);
        assert_eq!(scheduler.take(), Vec::<usize>::new());
        scheduler.done(&[0]);
        assert_eq!((scheduler.take(), scheduler.take()), (vec![1], vec![]));
        scheduler.done(&[1]);
        assert_eq!(scheduler.take(), [3]);
        assert_eq!(scheduler.left().collect::<Vec<_>>(), [3]);
        scheduler.done(&[3]);
        assert_eq!((scheduler.take(), scheduler.left().count()), (vec![], 0));
    }

    #[test]
    fn indexes_of_a_table_are_built_side_by_side() {
        let units = [
            unit(&[0], false, BIG),
            unit(&[0], true, BIG),
            unit(&[0], true, BIG),
            unit(&[0], false, BIG),
            unit(&[0], true, BIG),
        ];
        let mut scheduler = Scheduler::new(&units, 4);
        assert_eq!((scheduler.take(), scheduler.take()), (vec![0], vec![]));
        scheduler.done(&[0]);
        assert_eq!((scheduler.take(), scheduler.take(), scheduler.take()), (vec![1], vec![2], vec![]));
        scheduler.done(&[2]);
        assert_eq!(scheduler.take(), Vec::<usize>::new());
        scheduler.done(&[1]);
        assert_eq!((scheduler.take(), scheduler.take()), (vec![3], vec![]));
        scheduler.done(&[3]);
        assert_eq!(scheduler.take(), [4]);
    }

    #[test]
    fn small_ones_go_together_with_what_waits_for_them() {
        // In addition to a large unit, 60 tables, each with a key and an index.
        let mut units: Vec<Unit> =
            (0..60).flat_map(|table| [unit(&[table], false, 1), unit(&[table], true, 1)]).collect();
        units.push(unit(&[100], false, BIG));
        let mut scheduler = Scheduler::new(&units, 2);
        assert_eq!(scheduler.take(), [120]);
        let batch = scheduler.take();
        assert_eq!((batch.len(), scheduler.take().len()), (BATCH, 0));
        for (number, unit) in batch.iter().enumerate().filter(|(_, unit)| **unit % 2 == 1) {
            assert!(batch[..number].contains(&(unit - 1)), "{batch:?}");
        }
        scheduler.done(&batch);
        assert_eq!(scheduler.take().len(), 20);
        // Keys to one table, which wait for each other.
        let chain: Vec<Unit> = (1..300).map(|table| unit(&[0, table], false, 10)).collect();
        let mut scheduler = Scheduler::new(&chain, 2);
        let mut done = 0;
        while let batch @ [_, ..] = &scheduler.take()[..] {
            assert!(scheduler.take().is_empty());
            done += batch.len();
            scheduler.done(batch);
        }
        assert_eq!(done, 299);
    }

    proptest! {
        /// In whatever order batches end: dependent units never overlap, the order is kept, and all units are done.
        #[test]
        fn nothing_overlaps_and_all_is_done(
            units in prop::collection::vec((prop::collection::btree_set(0usize..6, 1..4), any::<bool>(), 0u64..3 * SMALL), 1..40),
            sessions in 1usize..5,
            ends in prop::collection::vec(any::<prop::sample::Index>(), 40),
        ) {
            let units: Vec<Unit> = units.into_iter()
                .map(|(tables, shares, cost)| unit(&tables.into_iter().collect::<Vec<_>>(), shares, cost)).collect();
            let apart = |a: usize, b: usize| units[a].shares && units[b].shares
                || units[a].tables.iter().all(|table| !units[b].tables.contains(table));
            let mut scheduler = Scheduler::new(&units, sessions);
            let (mut running, mut begun, mut ended): (Vec<Vec<usize>>, Vec<usize>, Vec<usize>) = Default::default();
            for end in ends {
                while running.len() < sessions {
                    let batch = scheduler.take();
                    if batch.is_empty() {
                        break;
                    }
                    for unit in &batch {
                        prop_assert!(running.iter().flatten().all(|other| apart(*unit, *other)));
                        // What it needs has ended or stands before it in the same batch.
                        prop_assert!((0..*unit).all(|other| apart(*unit, other) || ended.contains(&other)
                            || batch.iter().take_while(|next| *next != unit).any(|next| *next == other)));
                        prop_assert!(!begun.contains(unit));
                        begun.push(*unit);
                    }
                    running.push(batch);
                }
                if running.is_empty() {
                    break;
                }
                let batch = running.swap_remove(end.index(running.len()));
                scheduler.done(&batch);
                ended.extend(batch);
            }
            prop_assert!(running.is_empty());
            prop_assert_eq!(ended.len(), units.len());
            prop_assert_eq!(scheduler.left().count(), 0);
        }
    }
}

//! Whose turn it is: units that wait for earlier ones of their tables, handed out to sessions.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::apply::BATCH;
use super::parallel_plan::Unit;

/// A session takes no more than this at a time where a unit costs less, as bytes of tables.
const SMALL: u64 = 32 * 1024 * 1024;

/// Units by number, with who waits for whom. Units of one table keep their order; only those that share it do not
/// wait for each other.
#[derive(Debug)]
pub(super) struct Turns {
    cost: Vec<u64>,
    before: Vec<Vec<usize>>,
    after: Vec<Vec<usize>>,
    /// How many of `before` are not done.
    waits: Vec<usize>,
    /// What it costs until the last unit that waits for this one is done: the longest way goes first, so that
    /// it is not what is left at the end.
    way: Vec<u64>,
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

impl Turns {
    /// Units in their order, for so many sessions.
    pub(super) fn new(units: &[Unit<'_>], sessions: usize) -> Turns {
        let count = units.len();
        let cost: Vec<u64> = units.iter().map(|unit| unit.cost).collect();
        let before = before(units);
        let mut after = vec![Vec::new(); count];
        for (unit, earlier) in before.iter().enumerate() {
            earlier.iter().for_each(|earlier| after[*earlier].push(unit));
        }
        let mut way = cost.clone();
        for unit in (0..count).rev() {
            way[unit] += after[unit].iter().map(|later| way[*later]).max().unwrap_or(0);
        }
        let waits: Vec<usize> = before.iter().map(Vec::len).collect();
        let ready = (0..count).filter(|unit| waits[*unit] == 0).map(|unit| (Reverse(way[unit]), unit)).collect();
        // Small ones together, and still something for everybody.
        let limit = SMALL.min(cost.iter().sum::<u64>() / (4 * sessions.max(1) as u64));
        Turns { cost, before, after, waits, way, state: vec![State::Waiting; count], ready, limit }
    }

    /// What the next free session runs, in one transaction and in this order: one unit, or several small ones. None
    /// when nothing can begin before something ends.
    pub(super) fn take(&mut self) -> Vec<usize> {
        let (mut batch, mut total) = (Vec::new(), 0);
        // Those that only wait for units of this very batch.
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
                own.insert((Reverse(self.way[*later]), *later));
            }
        }
        batch
    }

    /// Told when units are done.
    pub(super) fn done(&mut self, units: &[usize]) {
        for unit in units {
            self.state[*unit] = State::Done;
            for later in &self.after[*unit] {
                self.waits[*later] -= 1;
                if self.waits[*later] == 0 && self.state[*later] == State::Waiting {
                    self.ready.insert((Reverse(self.way[*later]), *later));
                }
            }
        }
    }

    /// What is not done, in order.
    pub(super) fn left(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.state.len()).filter(|unit| self.state[*unit] != State::Done)
    }
}

/// For each unit, earlier ones that it has to wait for; they wait for the others.
fn before(units: &[Unit<'_>]) -> Vec<Vec<usize>> {
    let tables = units.iter().flat_map(|unit| &unit.tables).max().map_or(0, |last| last + 1);
    // The last one that had a table for itself, and those that have shared it since.
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
        let mut turns = Turns::new(&units, 4);
        // The longest way first.
        assert_eq!((turns.take(), turns.take(), turns.take()), (vec![0], vec![2], vec![]));
        turns.done(&[2]);
        assert_eq!(turns.take(), Vec::<usize>::new());
        turns.done(&[0]);
        assert_eq!((turns.take(), turns.take()), (vec![1], vec![]));
        turns.done(&[1]);
        assert_eq!(turns.take(), [3]);
        assert_eq!(turns.left().collect::<Vec<_>>(), [3]);
        turns.done(&[3]);
        assert_eq!((turns.take(), turns.left().count()), (vec![], 0));
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
        let mut turns = Turns::new(&units, 4);
        assert_eq!((turns.take(), turns.take()), (vec![0], vec![]));
        turns.done(&[0]);
        assert_eq!((turns.take(), turns.take(), turns.take()), (vec![1], vec![2], vec![]));
        turns.done(&[2]);
        assert_eq!(turns.take(), Vec::<usize>::new());
        turns.done(&[1]);
        assert_eq!((turns.take(), turns.take()), (vec![3], vec![]));
        turns.done(&[3]);
        assert_eq!(turns.take(), [4]);
    }

    #[test]
    fn small_ones_go_together_with_what_waits_for_them() {
        // Beside something big, 60 tables, each with a key and an index.
        let mut units: Vec<Unit> =
            (0..60).flat_map(|table| [unit(&[table], false, 1), unit(&[table], true, 1)]).collect();
        units.push(unit(&[100], false, BIG));
        let mut turns = Turns::new(&units, 2);
        assert_eq!(turns.take(), [120]);
        let batch = turns.take();
        assert_eq!((batch.len(), turns.take().len()), (BATCH, 0));
        for (number, unit) in batch.iter().enumerate().filter(|(_, unit)| **unit % 2 == 1) {
            assert!(batch[..number].contains(&(unit - 1)), "{batch:?}");
        }
        turns.done(&batch);
        assert_eq!(turns.take().len(), 20);
        // Keys to one table, which wait for each other.
        let chain: Vec<Unit> = (1..300).map(|table| unit(&[0, table], false, 10)).collect();
        let mut turns = Turns::new(&chain, 2);
        let mut done = 0;
        while let batch @ [_, ..] = &turns.take()[..] {
            assert!(turns.take().is_empty());
            done += batch.len();
            turns.done(batch);
        }
        assert_eq!(done, 299);
    }

    proptest! {
        /// However sessions end, nothing runs beside what it must not, everything keeps its order, and all is done.
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
            let mut turns = Turns::new(&units, sessions);
            let (mut running, mut begun, mut ended): (Vec<Vec<usize>>, Vec<usize>, Vec<usize>) = Default::default();
            for end in ends {
                while running.len() < sessions {
                    let batch = turns.take();
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
                turns.done(&batch);
                ended.extend(batch);
            }
            prop_assert!(running.is_empty());
            prop_assert_eq!(ended.len(), units.len());
            prop_assert_eq!(turns.left().count(), 0);
        }
    }
}

//! The order in which tables are filled while their foreign keys are enforced: a topological order, referenced tables
//! first. Keys on a cycle are deferred to the end of the transaction.

use std::collections::BTreeSet;

/// Returns the tables in the order in which they are filled, and the keys that have to be deferred, both as indexes. A
/// key is a pair of tables: the first references the second. `split` returns whether a table is filled by several
/// statements; its keys to itself have to be deferred too.
pub(super) fn order(
    tables: usize,
    keys: &[(usize, usize)],
    split: impl Fn(usize) -> bool,
) -> (Vec<usize>, BTreeSet<usize>) {
    let mut deferred: BTreeSet<usize> =
        (0..keys.len()).filter(|key| keys[*key].0 == keys[*key].1 && split(keys[*key].0)).collect();
    let (mut order, mut left) = (Vec::new(), (0..tables).collect::<BTreeSet<usize>>());
    // For each table, the number of keys to tables that are not filled yet, and the tables that reference it.
    let mut open_keys = vec![0usize; tables];
    let mut referencing: Vec<Vec<usize>> = vec![Vec::new(); tables];
    for (from, to) in keys.iter().filter(|(from, to)| from != to) {
        open_keys[*from] += 1;
        referencing[*to].push(*from);
    }
    let mut ready: BTreeSet<usize> = (0..tables).filter(|table| open_keys[*table] == 0).collect();
    while let Some(first) = left.first().copied() {
        let next = ready.pop_first().unwrap_or_else(|| {
            // A cycle: the first table is filled before those that it references.
            let open = |key: &usize| keys[*key].0 == first && keys[*key].1 != first && left.contains(&keys[*key].1);
            deferred.extend((0..keys.len()).filter(open));
            first
        });
        left.remove(&next);
        order.push(next);
        for from in &referencing[next] {
            open_keys[*from] -= 1;
            if open_keys[*from] == 0 && left.contains(from) {
                ready.insert(*from);
            }
        }
    }
    (order, deferred)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn referenced_tables_come_first() {
        let (order, deferred) = order(4, &[(0, 2), (2, 3), (1, 0), (3, 3)], |_| false);
        assert_eq!(order, [3, 2, 0, 1]);
        assert!(deferred.is_empty());
    }

    #[test]
    fn keys_on_cycles_and_of_split_tables_to_themselves_are_deferred() {
        let (filled, deferred) = order(3, &[(0, 1), (1, 0), (2, 0), (2, 2)], |table| table == 2);
        assert_eq!(filled, [0, 1, 2]);
        assert_eq!(deferred, [0, 3].into());
    }

    proptest! {
        #[test]
        fn every_key_is_satisfied_or_deferred(
            keys in prop::collection::vec((0usize..8, 0usize..8), 0..24)
        ) {
            let (filled, deferred) = order(8, &keys, |_| false);
            let place = |table| filled.iter().position(|other| *other == table).unwrap();
            let mut sorted = filled.clone();
            sorted.sort_unstable();
            prop_assert_eq!(sorted, (0..8).collect::<Vec<_>>());
            for (index, (from, to)) in keys.iter().enumerate() {
                prop_assert!(deferred.contains(&index) || place(*to) <= place(*from));
            }
        }
    }
}

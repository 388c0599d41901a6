//! In which order tables are filled when their foreign keys are checked meanwhile: what is pointed to
//! first. Keys on a cycle cannot wait for each other and have to wait for the end.

use std::collections::BTreeSet;

/// Tables in the order of filling, and the keys that must be deferred, both as indexes. A key is a pair
/// of tables: it points from the first to the second. `split` tells of a table that goes in by several
/// statements: then its keys to itself must be deferred too.
pub(super) fn order(
    tables: usize,
    keys: &[(usize, usize)],
    split: impl Fn(usize) -> bool,
) -> (Vec<usize>, BTreeSet<usize>) {
    let mut deferred: BTreeSet<usize> =
        (0..keys.len()).filter(|key| keys[*key].0 == keys[*key].1 && split(keys[*key].0)).collect();
    let (mut order, mut left) = (Vec::new(), (0..tables).collect::<BTreeSet<usize>>());
    // How many keys of a table point to tables that are not in yet, and who points to a table.
    let mut waits = vec![0usize; tables];
    let mut pointed: Vec<Vec<usize>> = vec![Vec::new(); tables];
    for (from, to) in keys.iter().filter(|(from, to)| from != to) {
        waits[*from] += 1;
        pointed[*to].push(*from);
    }
    let mut ready: BTreeSet<usize> = (0..tables).filter(|table| waits[*table] == 0).collect();
    while let Some(first) = left.first().copied() {
        let next = ready.pop_first().unwrap_or_else(|| {
            // A cycle: the first table goes before what it points to.
            let open = |key: &usize| keys[*key].0 == first && keys[*key].1 != first && left.contains(&keys[*key].1);
            deferred.extend((0..keys.len()).filter(open));
            first
        });
        left.remove(&next);
        order.push(next);
        for from in &pointed[next] {
            waits[*from] -= 1;
            if waits[*from] == 0 && left.contains(from) {
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
    fn what_is_pointed_to_comes_first() {
        let (order, deferred) = order(4, &[(0, 2), (2, 3), (1, 0), (3, 3)], |_| false);
        assert_eq!(order, [3, 2, 0, 1]);
        assert!(deferred.is_empty());
    }

    #[test]
    fn cycles_are_cut_and_split_tables_defer_their_own_keys() {
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

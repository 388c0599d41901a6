use std::collections::BTreeSet;

use proptest::prelude::*;

use super::set::KeyStorage;
use super::{KeyArray, KeySet, KeyType, KeyValue, to_arrays};
use crate::sample::set_size;

/// Numbers that are close together, or so scattered that they are encoded.
fn numbers() -> impl Strategy<Value = Vec<i64>> {
    let near = (-1500..1500_i64, 1..3_i64, 0..2000_i64)
        .prop_map(|(from, step, many)| (0..many).map(|at| from + at * step).collect());
    let far = (any::<i64>(), 0..600_i64).prop_map(|(from, many)| {
        (0..many).map(|at| from.wrapping_add(at.wrapping_mul(0x2545_f491_4f6c_dd1d))).collect()
    });
    prop_oneof![near, far]
}

/// The tuple of these types that represents a number.
fn tuple(types: &[KeyType], number: i64) -> Vec<KeyValue> {
    let one = |(at, key_type): (usize, &KeyType)| match (key_type, at) {
        (KeyType::Int, 0) => KeyValue::Int(number),
        (KeyType::Int, _) => KeyValue::Int(number % 3),
        (KeyType::Text, 0) => KeyValue::Text(format!("{number:x}")),
        (KeyType::Text, _) => KeyValue::Text(format!("2026-01-{:02}", number.rem_euclid(30))),
    };
    types.iter().enumerate().map(one).collect()
}

fn set(types: &[KeyType], numbers: &[i64]) -> KeySet {
    let mut keys = KeySet::new(types);
    for number in numbers {
        keys.insert(&tuple(types, *number));
    }
    keys
}

/// Whether a set has exactly the tuples of a tree of numbers, in the order of the numbers.
fn equals(keys: &KeySet, tree: &BTreeSet<i64>) -> bool {
    let all: BTreeSet<String> = tree.iter().map(|number| format!("{:?}", tuple(&keys.types, *number))).collect();
    let found: Vec<String> = keys.iter().map(|tuple| format!("{tuple:?}")).collect();
    let by_first = keys.types[0] == KeyType::Text
        || keys.iter().map(|tuple| tuple[0].clone()).eq(tree.iter().map(|number| KeyValue::Int(*number)));
    by_first && found.len() as u64 == keys.len() && found.into_iter().collect::<BTreeSet<_>>() == all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_set_equals_a_tree(
        steps in proptest::collection::vec((0..6_u8, numbers()), 1..10),
        types in proptest::sample::select(vec![
            vec![KeyType::Int], vec![KeyType::Int, KeyType::Int], vec![KeyType::Int, KeyType::Text], vec![KeyType::Text],
        ]),
        size in 1..3000_usize,
    ) {
        let (mut keys, mut tree) = (KeySet::new(&types), BTreeSet::new());
        for (step, numbers) in steps {
            match step {
                0..=2 => for number in &numbers {
                    prop_assert_eq!(keys.insert(&tuple(&types, *number)), tree.insert(*number));
                },
                3 => {
                    keys.add_all(set(&types, &numbers));
                    tree.extend(&numbers);
                }
                4 => {
                    keys.remove_all(&set(&types, &numbers));
                    tree.retain(|number| !numbers.contains(number));
                }
                _ => {
                    let taken = keys.take();
                    prop_assert!(keys.is_empty() && equals(&taken, &tree));
                    keys = taken;
                }
            }
            prop_assert!(numbers.iter().all(|number| keys.contains(&tuple(&types, *number)) == tree.contains(number)));
            prop_assert!(equals(&keys, &tree));
        }
        prop_assert!(keys.iter_from(size).eq(keys.iter().skip(size)));
        let all = to_arrays(&types, keys.iter());
        let mut chunks: Vec<Vec<KeyArray>> = keys.into_chunks(size).collect();
        prop_assert_eq!(chunks.len(), tree.len().div_ceil(size));
        let together = chunks.iter_mut().fold(to_arrays(&types, std::iter::empty()), |mut before, chunk| {
            for pair in before.iter_mut().zip(chunk) {
                match pair {
                    (KeyArray::Ints(before), KeyArray::Ints(more)) => before.append(more),
                    (KeyArray::Texts(before), KeyArray::Texts(more)) => before.append(more),
                    _ => {}
                }
            }
            before
        });
        prop_assert_eq!(together, all);
    }
}

#[test]
fn single_integers_are_sorted() {
    let mut keys = set(&[KeyType::Int], &[5, -1, i64::MAX, i64::MIN, 0, 5]);
    assert!(!keys.insert(&[KeyValue::Null]) && keys.contains(&[KeyValue::Int(-1)]) && keys.len() == 5);
    let values: Vec<_> = keys.iter().flatten().collect();
    assert_eq!(values, [i64::MIN, -1, 0, 5, i64::MAX].map(KeyValue::Int));
}

#[test]
fn single_integers_use_the_smaller_storage() {
    let far: Vec<i64> = (0..20_000_i64).map(|at| at.wrapping_mul(0x2545_f491_4f6c_dd1d)).collect();
    let size = |keys: &KeySet| match &keys.storage {
        KeyStorage::Bitmap(set) => set_size::bytes(set) as usize,
        KeyStorage::Encoded(set) => set.bytes(),
    };
    let mut keys = set(&[KeyType::Int], &far);
    assert!(matches!(keys.storage, KeyStorage::Encoded(_)) && size(&keys) < 11 * far.len(), "{}", size(&keys));
    // Some scattered ones among many that are close together.
    for number in 0..200_000 {
        keys.insert(&[KeyValue::Int(number)]);
    }
    assert!(size(&keys) < 5 * 220_000, "{}", size(&keys));
    assert!(keys.len() == 219_999 && far.iter().all(|number| keys.contains(&[KeyValue::Int(*number)])));
    let near: Vec<i64> = (0..100_000).map(|at| at % 10 * 1_000_000 + at).collect();
    let keys = set(&[KeyType::Int], &near);
    assert!(matches!(keys.storage, KeyStorage::Bitmap(_)) && size(&keys) < 300_000, "{}", size(&keys));
    // Added in an order in which they seem scattered at first.
    let mixed: Vec<i64> = (0..130_000).map(|at| at * 7_919_777 % 130_000 * 460).collect();
    let keys = set(&[KeyType::Int], &mixed);
    assert!(matches!(keys.storage, KeyStorage::Bitmap(_)) && size(&keys) < 3 * 130_000, "{}", size(&keys));
}

#[test]
fn tuples_are_preserved() {
    let types = [KeyType::Text, KeyType::Int, KeyType::Text];
    let mut keys = KeySet::new(&types);
    let tuple = |a: &str, b, c: &str| vec![KeyValue::Text(a.into()), KeyValue::Int(b), KeyValue::Text(c.into())];
    assert!(
        keys.insert(&tuple("ab", 1, "")) && keys.insert(&tuple("a", 1, "b")) && keys.insert(&tuple("이", -7, "\0"))
    );
    assert!(!keys.insert(&tuple("ab", 1, "")) && !keys.insert(&[KeyValue::Null, KeyValue::Int(1), KeyValue::Null]));
    assert!(keys.iter().any(|found| found == tuple("이", -7, "\0")));
    let arrays = to_arrays(&types, keys.iter());
    // Sorted by the length of the first text, then by the text.
    assert_eq!(arrays[1], KeyArray::Ints(vec![1, 1, -7]));
    let mut some = keys.clone();
    some.remove_all(&keys);
    assert!(some.is_empty() && keys.take().len() == 3 && keys.is_empty());
}

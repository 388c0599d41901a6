use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::sample::key_set::*;

/// Numbers that lie close together, and so far apart that they are packed.
fn numbers() -> impl Strategy<Value = Vec<i64>> {
    let near = (-1500..1500_i64, 1..3_i64, 0..2000_i64)
        .prop_map(|(from, step, many)| (0..many).map(|at| from + at * step).collect());
    let far = (any::<i64>(), 0..600_i64).prop_map(|(from, many)| {
        (0..many).map(|at| from.wrapping_add(at.wrapping_mul(0x2545_f491_4f6c_dd1d))).collect()
    });
    prop_oneof![near, far]
}

/// The tuple of these kinds that stands for a number, and its text, which a tree is kept by.
fn tuple(kinds: &[Kind], number: i64) -> Vec<Value> {
    let one = |(at, kind): (usize, &Kind)| match (kind, at) {
        (Kind::Int, 0) => Value::Int(number),
        (Kind::Int, _) => Value::Int(number % 3),
        (Kind::Text, 0) => Value::Text(format!("{number:x}")),
        (Kind::Text, _) => Value::Text(format!("2026-01-{:02}", number.rem_euclid(30))),
    };
    kinds.iter().enumerate().map(one).collect()
}

fn set(kinds: &[Kind], numbers: &[i64]) -> Keys {
    let mut keys = Keys::new(kinds);
    for number in numbers {
        keys.insert(&tuple(kinds, *number));
    }
    keys
}

/// In the order of their numbers.
fn held(keys: &Keys, tree: &BTreeSet<i64>) -> bool {
    let all: BTreeSet<String> = tree.iter().map(|number| format!("{:?}", tuple(&keys.kinds, *number))).collect();
    let back: Vec<String> = keys.iter().map(|tuple| format!("{tuple:?}")).collect();
    let by_first = keys.kinds[0] == Kind::Text
        || keys.iter().map(|tuple| tuple[0].clone()).eq(tree.iter().map(|number| Value::Int(*number)));
    by_first && back.len() as u64 == keys.len() && back.into_iter().collect::<BTreeSet<_>>() == all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn they_hold_what_a_tree_holds(
        steps in proptest::collection::vec((0..6_u8, numbers()), 1..10),
        kinds in proptest::sample::select(vec![
            vec![Kind::Int], vec![Kind::Int, Kind::Int], vec![Kind::Int, Kind::Text], vec![Kind::Text],
        ]),
        size in 1..3000_usize,
    ) {
        let (mut keys, mut tree) = (Keys::new(&kinds), BTreeSet::new());
        for (step, numbers) in steps {
            match step {
                0..=2 => for number in &numbers {
                    prop_assert_eq!(keys.insert(&tuple(&kinds, *number)), tree.insert(*number));
                },
                3 => {
                    keys.add_all(set(&kinds, &numbers));
                    tree.extend(&numbers);
                }
                4 => {
                    keys.remove_all(&set(&kinds, &numbers));
                    tree.retain(|number| !numbers.contains(number));
                }
                _ => {
                    let taken = keys.take();
                    prop_assert!(keys.is_empty() && held(&taken, &tree));
                    keys = taken;
                }
            }
            prop_assert!(numbers.iter().all(|number| keys.contains(&tuple(&kinds, *number)) == tree.contains(number)));
            prop_assert!(held(&keys, &tree));
        }
        prop_assert!(keys.iter_from(size).eq(keys.iter().skip(size)));
        let all = columns(&kinds, keys.iter());
        let mut chunks: Vec<Vec<Array>> = keys.into_chunks(size).collect();
        prop_assert_eq!(chunks.len(), tree.len().div_ceil(size));
        let together = chunks.iter_mut().fold(columns(&kinds, std::iter::empty()), |mut before, chunk| {
            for pair in before.iter_mut().zip(chunk) {
                match pair {
                    (Array::Ints(before), Array::Ints(more)) => before.append(more),
                    (Array::Texts(before), Array::Texts(more)) => before.append(more),
                    _ => {}
                }
            }
            before
        });
        prop_assert_eq!(together, all);
    }
}

#[test]
fn single_integers_come_in_their_order() {
    let mut keys = set(&[Kind::Int], &[5, -1, i64::MAX, i64::MIN, 0, 5]);
    assert!(!keys.insert(&[Value::Null]) && keys.contains(&[Value::Int(-1)]) && keys.len() == 5);
    let back: Vec<_> = keys.iter().flatten().collect();
    assert_eq!(back, [i64::MIN, -1, 0, 5, i64::MAX].map(Value::Int));
}

#[test]
fn single_integers_have_the_form_that_takes_less_room() {
    let far: Vec<i64> = (0..20_000_i64).map(|at| at.wrapping_mul(0x2545_f491_4f6c_dd1d)).collect();
    let room = |keys: &Keys| match &keys.set {
        Set::Bitmap(set) => set_size::bytes(set) as usize,
        Set::Packed(set) => set.bytes(),
    };
    let mut keys = set(&[Kind::Int], &far);
    assert!(matches!(keys.set, Set::Packed(_)) && room(&keys) < 11 * far.len(), "{}", room(&keys));
    // Some that are far among many that are near.
    for number in 0..200_000 {
        keys.insert(&[Value::Int(number)]);
    }
    assert!(room(&keys) < 5 * 220_000, "{}", room(&keys));
    assert!(keys.len() == 219_999 && far.iter().all(|number| keys.contains(&[Value::Int(*number)])));
    let near: Vec<i64> = (0..100_000).map(|at| at % 10 * 1_000_000 + at).collect();
    let keys = set(&[Kind::Int], &near);
    assert!(matches!(keys.set, Set::Bitmap(_)) && room(&keys) < 300_000, "{}", room(&keys));
    // They come so that they look far apart at first.
    let mixed: Vec<i64> = (0..130_000).map(|at| at * 7_919_777 % 130_000 * 460).collect();
    let keys = set(&[Kind::Int], &mixed);
    assert!(matches!(keys.set, Set::Bitmap(_)) && room(&keys) < 3 * 130_000, "{}", room(&keys));
}

#[test]
fn tuples_come_back_as_they_went_in() {
    let kinds = [Kind::Text, Kind::Int, Kind::Text];
    let mut keys = Keys::new(&kinds);
    let tuple = |a: &str, b, c: &str| vec![Value::Text(a.into()), Value::Int(b), Value::Text(c.into())];
    assert!(
        keys.insert(&tuple("ab", 1, "")) && keys.insert(&tuple("a", 1, "b")) && keys.insert(&tuple("이", -7, "\0"))
    );
    assert!(!keys.insert(&tuple("ab", 1, "")) && !keys.insert(&[Value::Null, Value::Int(1), Value::Null]));
    assert!(keys.iter().any(|back| back == tuple("이", -7, "\0")));
    let arrays = columns(&kinds, keys.iter());
    // By the length of the first text, then by the text.
    assert_eq!(arrays[1], Array::Ints(vec![1, 1, -7]));
    let mut some = keys.clone();
    some.remove_all(&keys);
    assert!(some.is_empty() && keys.take().len() == 3 && keys.is_empty());
}

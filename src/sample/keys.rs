//! Sets of keys: a bitmap for single integers that lie close together, else encoded tuples.

use roaring::RoaringTreemap;

use super::code::{decode, encode};
use super::packed::Packed;
use super::room;

/// How a value is read from the source and compared here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// `smallint`, `integer` or `bigint`.
    Int,
    /// Anything else, by its text.
    Text,
}

/// One value of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// NULL: such a tuple is no key, and refers to nothing.
    Null,
    /// An integer.
    Int(i64),
    /// Text.
    Text(String),
}

/// A set of tuples without NULL. Goes through them in an order that depends on nothing but them.
#[derive(Clone, Debug)]
pub struct Keys {
    kinds: Vec<Kind>,
    set: Set,
    count: u64,
    /// At how many tuples the set asks itself again whether another form would take less room.
    turn: u64,
}

/// The form that a set has: single integers may have either, and change it as they come.
#[derive(Clone, Debug)]
enum Set {
    /// Integers, with the sign bit turned so that they sort as unsigned ones.
    Bitmap(RoaringTreemap),
    /// Tuples, encoded.
    Packed(Packed),
}

/// One column of many tuples: what an array parameter takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Array {
    /// Integers.
    Ints(Vec<i64>),
    /// Text.
    Texts(Vec<String>),
}

impl Array {
    /// Whether it has no values.
    pub fn is_empty(&self) -> bool {
        match self {
            Array::Ints(all) => all.is_empty(),
            Array::Texts(all) => all.is_empty(),
        }
    }
}

const SIGN: u64 = 1 << 63;

/// Tuples up to which nobody asks which form takes less room.
const FEW: u64 = 16;

impl Keys {
    /// An empty set for tuples of these kinds.
    pub fn new(kinds: &[Kind]) -> Keys {
        let set = match kinds {
            [Kind::Int] => Set::Bitmap(RoaringTreemap::new()),
            _ => Set::Packed(Packed::default()),
        };
        let turn = if matches!(set, Set::Bitmap(_)) { FEW } else { u64::MAX };
        Keys { kinds: kinds.to_vec(), set, count: 0, turn }
    }

    /// Adds a tuple; answers whether it is new. One with NULL, or not of the set's kinds, is not added.
    pub fn insert(&mut self, tuple: &[Value]) -> bool {
        let is_new = match (&mut self.set, tuple) {
            (Set::Bitmap(set), [Value::Int(value)]) => set.insert(unsigned(*value)),
            (Set::Bitmap(_), _) => false,
            (Set::Packed(set), tuple) => encode(&self.kinds, tuple).is_some_and(|code| set.insert(&code)),
        };
        if is_new {
            self.count += 1;
            self.grown();
        }
        is_new
    }

    fn grown(&mut self) {
        if self.count >= self.turn {
            self.choose();
        }
    }

    /// Whether a tuple is in it.
    pub fn contains(&self, tuple: &[Value]) -> bool {
        match (&self.set, tuple) {
            (Set::Bitmap(set), [Value::Int(value)]) => set.contains(unsigned(*value)),
            (Set::Bitmap(_), _) => false,
            (Set::Packed(set), tuple) => encode(&self.kinds, tuple).is_some_and(|code| set.contains(&code)),
        }
    }

    /// How many there are.
    pub fn len(&self) -> u64 {
        self.count
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Takes all of them out.
    #[must_use]
    pub fn take(&mut self) -> Keys {
        let empty = Keys::new(&self.kinds);
        std::mem::replace(self, empty)
    }

    /// Adds all of another set of the same kinds.
    pub fn add_all(&mut self, mut others: Keys) {
        // Adding the fewer to the more costs less.
        if self.count < others.count {
            std::mem::swap(self, &mut others);
        }
        match (&mut self.set, others.set) {
            (Set::Bitmap(set), Set::Bitmap(others)) => {
                *set |= others;
                self.count = set.len();
                self.grown();
            }
            (Set::Packed(set), Set::Packed(others)) => {
                self.count += others.into_keys().map(|code| u64::from(set.insert(&code))).sum::<u64>();
                self.grown();
            }
            (_, set) => {
                for tuple in (Keys { set, ..others }).into_tuples() {
                    self.insert(&tuple);
                }
            }
        }
    }

    /// Takes those out that are in another set of the same kinds.
    pub fn remove_all(&mut self, others: &Keys) {
        if others.is_empty() || self.is_empty() {
            return;
        }
        match (&mut self.set, &others.set) {
            (Set::Bitmap(set), Set::Bitmap(others)) => *set -= others,
            (Set::Bitmap(set), _) => set.retain(|value| !others.contains(&[signed(value)])),
            (Set::Packed(set), Set::Packed(others)) => set.retain(|code| !others.contains(code)),
            (Set::Packed(set), _) => set.retain(|code| !others.contains(&decode(&self.kinds, code))),
        }
        self.count = match &self.set {
            Set::Bitmap(set) => set.len(),
            Set::Packed(set) => set.len(),
        };
    }

    /// All tuples, in their order, some at a time and turned into columns. What was given is no longer held.
    pub fn into_chunks(self, size: usize) -> impl Iterator<Item = Vec<Array>> + Send {
        let kinds = self.kinds.clone();
        let mut tuples = self.into_tuples();
        std::iter::from_fn(move || {
            let arrays = columns(&kinds, tuples.by_ref().take(size));
            arrays.first().is_some_and(|array| !array.is_empty()).then_some(arrays)
        })
    }

    /// All tuples, in their order.
    pub fn iter(&self) -> Box<dyn Iterator<Item = Vec<Value>> + Send + '_> {
        self.iter_from(0)
    }

    /// All tuples, in their order, without the first so many.
    pub fn iter_from(&self, skipped: usize) -> Box<dyn Iterator<Item = Vec<Value>> + Send + '_> {
        match &self.set {
            Set::Bitmap(set) => {
                let mut values = set.iter();
                // None when there are not so many.
                values.advance_to(set.select(skipped as u64).unwrap_or(u64::MAX));
                let left = self.count.saturating_sub(skipped as u64) as usize;
                Box::new(values.take(left).map(|value| vec![signed(value)]))
            }
            Set::Packed(set) => Box::new(set.iter_from(skipped).map(|code| decode(&self.kinds, &code))),
        }
    }

    fn into_tuples(self) -> Box<dyn Iterator<Item = Vec<Value>> + Send> {
        match self.set {
            Set::Bitmap(set) => Box::new(set.into_iter().map(|value| vec![signed(value)])),
            Set::Packed(set) => Box::new(set.into_keys().map(move |code| decode(&self.kinds, &code))),
        }
    }

    /// Gives a set of single integers the form that takes less room. A bitmap is asked often: what comes far apart
    /// makes it large quickly, and to ask it costs little.
    fn choose(&mut self) {
        match &mut self.set {
            Set::Bitmap(set) if room::is_wasted(set, self.count) => {
                let mut packed = Packed::default();
                for value in std::mem::take(set) {
                    if let Some(code) = encode(&self.kinds, &[signed(value)]) {
                        packed.insert(&code);
                    }
                }
                (self.set, self.turn) = (Set::Packed(packed), 2 * self.count);
            }
            Set::Bitmap(_) => self.turn = self.count + self.count / 16 + 1,
            Set::Packed(set) => {
                let kinds = &self.kinds;
                let value = |code: Vec<u8>| match decode(kinds, &code).first() {
                    Some(Value::Int(value)) => unsigned(*value),
                    _ => 0,
                };
                self.turn = 2 * self.count;
                if room::would_be_saved(set.iter_from(0).map(value), self.count) {
                    let bitmap = std::mem::take(set).into_keys().map(value).collect();
                    (self.set, self.turn) = (Set::Bitmap(bitmap), self.count);
                }
            }
        }
    }
}

fn unsigned(value: i64) -> u64 {
    value.cast_unsigned() ^ SIGN
}

fn signed(value: u64) -> Value {
    Value::Int((value ^ SIGN).cast_signed())
}

/// Turns tuples into columns.
pub fn columns(kinds: &[Kind], tuples: impl Iterator<Item = Vec<Value>>) -> Vec<Array> {
    let empty = |kind: &Kind| match kind {
        Kind::Int => Array::Ints(Vec::new()),
        Kind::Text => Array::Texts(Vec::new()),
    };
    let mut arrays: Vec<Array> = kinds.iter().map(empty).collect();
    for tuple in tuples {
        for (array, value) in arrays.iter_mut().zip(tuple) {
            match (array, value) {
                (Array::Ints(all), Value::Int(value)) => all.push(value),
                (Array::Texts(all), Value::Text(value)) => all.push(value),
                _ => {}
            }
        }
    }
    arrays
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

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
            Set::Bitmap(set) => room::bytes(set) as usize,
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
}

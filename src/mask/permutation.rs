//! A keyed permutation of numbers, as one flat expression: four rounds of a Feistel network over two
//! halves of any size, the rounds' functions being seeded lookup hashes. No subquery, so it may stand in
//! `ALTER TABLE … USING`, and no cycle walking, for a size that is no product of two near numbers is cut
//! into one that is and a short rest.
//!
//! It is injective by construction, whatever the seeds. Without them an output says nothing of its
//! input; with many known pairs of both it could be broken, as a network of four rounds can.

use super::key::{ClassKey, padded};
use super::sql::op;

/// Permutes 0 to `left` × `right` - 1; `value` is a bigint in that range.
fn feistel(class: &ClassKey, label: &str, value: &str, left: i64, right: i64) -> (String, String) {
    let size = int8(right);
    pair(class, label, (op(value, "/", &size), op(value, "%", &size)), (left, right))
}

/// Permutes pairs of bigints, each from 0 to one less than its size.
pub(super) fn pair(
    class: &ClassKey,
    label: &str,
    mut halves: (String, String),
    (left, right): (i64, i64),
) -> (String, String) {
    let (left_size, right_size) = (int8(left), int8(right));
    for round in 0..4 {
        let label = format!("{label} round {round}");
        if round % 2 == 0 {
            halves.1 = op(&op(&halves.1, "+", &class.number(&halves.0, &label, right)), "%", &right_size);
        } else {
            halves.0 = op(&op(&halves.0, "+", &class.number(&halves.1, &label, left)), "%", &left_size);
        }
    }
    halves
}

/// Permutes the digits of a number that is given as a bigint; answers its two halves as text.
pub(super) fn digits(class: &ClassKey, label: &str, value: &str, left: usize, right: usize) -> (String, String) {
    let size = |digits: usize| 10_i64.pow(u32::try_from(digits).unwrap_or(0));
    let (high, low) = feistel(class, label, value, size(left), size(right));
    (padded(&high, left), padded(&low, right))
}

/// Permutes `from` to `to`, both included; `value` is a bigint in that range.
pub(super) fn between(class: &ClassKey, label: &str, value: &str, from: i64, to: i64) -> String {
    let (left, right) = halves(to - from + 1);
    let size = left * right;
    let offset = op(value, "-", &int8(from));
    let (high, low) = feistel(class, label, &offset, left, right);
    let permuted = op(&op(&op(&high, "*", &int8(right)), "+", &low), "+", &int8(from));
    let rest = to - from + 1 - size;
    if rest == 0 {
        return permuted;
    }
    // The rest is short and far up: it is turned around by a keyed step.
    let step = class.number("0::pg_catalog.int8", &format!("{label} rest"), rest);
    let turned = op(&op(&op(&op(&offset, "-", &int8(size)), "+", &step), "%", &int8(rest)), "+", &int8(from + size));
    format!("CASE WHEN {} THEN {permuted} ELSE {turned} END", op(&offset, "<", &int8(size)))
}

/// Two near numbers with the greatest product that is at most `size`.
fn halves(size: i64) -> (i64, i64) {
    let root = size.isqrt();
    let least = (root / 2).max(1);
    // Near the root a rest of next to nothing is soon found; the range of bigint is a power of two times
    // something, further away.
    let near = least.max(root - 70_000)..=root;
    let powers = (0..62).map(|power| 1_i64 << power).filter(|power| (least..=root).contains(power));
    let best = near.rev().chain(powers).min_by_key(|left| (size % left, root - left)).unwrap_or(1);
    (best, size / best)
}

fn int8(number: i64) -> String {
    format!("{number}::pg_catalog.int8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_integer_types_are_products_without_a_rest() {
        for size in [32_767, (1 << 31) - (1 << 15), i64::MAX - (1 << 31) + 1] {
            let (left, right) = halves(size);
            assert_eq!(left.checked_mul(right), Some(size), "{size}: {left} × {right}");
        }
    }

    #[test]
    fn any_size_has_a_short_rest() {
        for size in [1, 2, 3, 7, 97, 10_007, 1_000_003, 2_146_483_647] {
            let (left, right) = halves(size);
            assert!(left >= 1 && left * right <= size && size - left * right < 50, "{size}: {left} × {right}");
        }
    }
}

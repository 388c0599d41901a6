//! Keyed permutation of numbers as one flat expression: a Feistel network of four rounds over two halves of any size,
//! with seeded lookup hashes as round functions. It needs no subquery, so `ALTER TABLE … USING` accepts it, and no cycle
//! walking: a size that is not a product of two similar numbers is split into one that is, and a short remainder.
//!
//! It is injective by construction, whatever the seeds. Without the seeds an output reveals nothing about its
//! input; with many known pairs of both it could be broken, like any network of four rounds.

use super::key::{ClassKey, zero_padded};
use super::sql::op;

/// Permutes 0 to `left` × `right` - 1 and returns the halves of the result. `value`: a bigint in that range.
fn feistel(class: &ClassKey, label: &str, value: &str, left: i64, right: i64) -> (String, String) {
    let size = int8(right);
    permute_pair(class, label, (op(value, "/", &size), op(value, "%", &size)), (left, right))
}

/// Permutes pairs of bigints, each from 0 to its size minus one.
pub(super) fn permute_pair(
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

/// Permutes numbers of `left` + `right` digits, given as a bigint; returns the halves of the result as text.
pub(super) fn permute_digits(
    class: &ClassKey,
    label: &str,
    value: &str,
    left: usize,
    right: usize,
) -> (String, String) {
    let size = |digits: usize| 10_i64.pow(u32::try_from(digits).unwrap_or(0));
    let (high, low) = feistel(class, label, value, size(left), size(right));
    (zero_padded(&high, left), zero_padded(&low, right))
}

/// Permutes `from` to `to`, inclusive. `value`: a bigint in that range.
pub(super) fn permute_range(class: &ClassKey, label: &str, value: &str, from: i64, to: i64) -> String {
    let (left, right) = halves(to - from + 1);
    let size = left * right;
    let offset = op(value, "-", &int8(from));
    let (high, low) = feistel(class, label, &offset, left, right);
    let permuted = op(&op(&op(&high, "*", &int8(right)), "+", &low), "+", &int8(from));
    let remainder = to - from + 1 - size;
    if remainder == 0 {
        return permuted;
    }
    // The remainder is short and at the upper end: it is rotated by a keyed step.
    let step = class.number("0::pg_catalog.int8", &format!("{label} rest"), remainder);
    let rotated =
        op(&op(&op(&op(&offset, "-", &int8(size)), "+", &step), "%", &int8(remainder)), "+", &int8(from + size));
    format!("CASE WHEN {} THEN {permuted} ELSE {rotated} END", op(&offset, "<", &int8(size)))
}

/// Two similar numbers whose product is at most `size` and as large as possible.
fn halves(size: i64) -> (i64, i64) {
    let root = size.isqrt();
    let min = (root / 2).max(1);
    // A tiny remainder is soon found near the root. The range of bigint is a power of two times a number
    // farther away.
    let near = min.max(root - 70_000)..=root;
    let powers = (0..62).map(|power| 1_i64 << power).filter(|power| (min..=root).contains(power));
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
    fn the_integer_types_are_products_without_a_remainder() {
        for size in [32_767, (1 << 31) - (1 << 15), i64::MAX - (1 << 31) + 1] {
            let (left, right) = halves(size);
            assert_eq!(left.checked_mul(right), Some(size), "{size}: {left} × {right}");
        }
    }

    #[test]
    fn any_size_has_a_short_remainder() {
        for size in [1, 2, 3, 7, 97, 10_007, 1_000_003, 2_146_483_647] {
            let (left, right) = halves(size);
            assert!(left >= 1 && left * right <= size && size - left * right < 50, "{size}: {left} × {right}");
        }
    }
}

//! Memory estimates for sets of integers, which decide between a bitmap and a [`PrefixSet`](super::prefix_set::PrefixSet).

use roaring::{RoaringBitmap, RoaringTreemap};

/// The most bytes for each integer in a bitmap, in addition to [`ALLOWANCE`]. An isolated integer takes two hundred bytes
/// in a bitmap and ten in a prefix set.
const BITMAP_LIMIT: u64 = 6;
const ALLOWANCE: u64 = 32 * 1024;
/// The bytes for each integer below which a bitmap replaces a prefix set.
const BITMAP_TARGET: u64 = 3;
/// Measured sizes within a bitmap, in bytes: of a part of 2^32 integers, of a container of 2^16, of a value in an array
/// container, and of a bitset container.
const PART: u64 = 140;
const CONTAINER: u64 = 72;
const VALUE: u64 = 2;
const BITSET: u64 = 8192;

/// Whether a bitmap of `count` integers takes more memory than a prefix set would.
pub(super) fn is_wasteful(set: &RoaringTreemap, count: u64) -> bool {
    bytes(set) > BITMAP_LIMIT * count + ALLOWANCE
}

/// Whether a bitmap of `count` sorted integers would take less memory than a prefix set.
pub(super) fn is_bitmap_smaller(values: impl Iterator<Item = u64>, count: u64) -> bool {
    estimate(values) < BITMAP_TARGET * count
}

/// Returns the approximate size of a bitmap in bytes.
pub(super) fn bytes(set: &RoaringTreemap) -> u64 {
    let part_bytes = |part: &RoaringBitmap| {
        let statistics = part.statistics();
        let (arrays, bitsets) = (statistics.n_values_array_containers, statistics.n_bitset_containers);
        PART + CONTAINER * u64::from(statistics.n_containers) + VALUE * u64::from(arrays) + BITSET * u64::from(bitsets)
    };
    set.bitmaps().map(|(_, part)| part_bytes(part)).sum()
}

/// Returns an upper bound for the size of a bitmap of sorted integers, in bytes.
fn estimate(values: impl Iterator<Item = u64>) -> u64 {
    let (mut bytes, mut last) = (0, None);
    for value in values {
        let is_first_of = |bits: u32| last.is_none_or(|last: u64| last >> bits != value >> bits);
        bytes += VALUE + if is_first_of(16) { CONTAINER } else { 0 } + if is_first_of(32) { PART } else { 0 };
        last = Some(value);
    }
    bytes
}

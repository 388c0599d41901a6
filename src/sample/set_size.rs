//! What sets of integers take in memory: a bitmap where they lie close together, else the packed form.

use roaring::{RoaringBitmap, RoaringTreemap};

/// Bytes that a bitmap may take for each integer, and a few more, before it is packed instead: far from all others one
/// takes two hundred in a bitmap and ten packed.
const MOST: u64 = 6;
const SMALL: u64 = 32 * 1024;
/// Bytes for each integer that a bitmap has to stay below to take the place of what is packed.
const LEAST: u64 = 3;
/// What takes room in a bitmap, as measured: a part of 2^32 integers, a container of 2^16, and in it a value, or a bit
/// for each.
const BITMAP: u64 = 140;
const CONTAINER: u64 = 72;
const VALUE: u64 = 2;
const BITSET: u64 = 8192;

/// Whether so many integers in a bitmap would take less room packed.
pub(super) fn is_wasted(set: &RoaringTreemap, count: u64) -> bool {
    bytes(set) > MOST * count + SMALL
}

/// Whether so many packed integers, in their order, would take less room in a bitmap.
pub(super) fn would_be_saved(values: impl Iterator<Item = u64>, count: u64) -> bool {
    bytes_of(values) < LEAST * count
}

/// Bytes that a bitmap takes, about.
pub(super) fn bytes(set: &RoaringTreemap) -> u64 {
    let of = |part: &RoaringBitmap| {
        let known = part.statistics();
        let (arrays, bitsets) = (known.n_values_array_containers, known.n_bitset_containers);
        BITMAP + CONTAINER * u64::from(known.n_containers) + VALUE * u64::from(arrays) + BITSET * u64::from(bitsets)
    };
    set.bitmaps().map(|(_, part)| of(part)).sum()
}

/// Bytes that a bitmap of these would take at most, about.
fn bytes_of(values: impl Iterator<Item = u64>) -> u64 {
    let (mut bytes, mut last) = (0, None);
    for value in values {
        let is_new = |bits: u32| last.is_none_or(|last: u64| last >> bits != value >> bits);
        bytes += VALUE + if is_new(16) { CONTAINER } else { 0 } + if is_new(32) { BITMAP } else { 0 };
        last = Some(value);
    }
    bytes
}

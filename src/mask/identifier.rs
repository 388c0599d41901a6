//! Keyed permutation of the integers, the same in every column, so that foreign keys stay valid when both sides are
//! masked.
//!
//! The ranges of smallint, the rest of integer and the rest of bigint are permuted separately: a value that fits a
//! type still fits it, and a `bigint` that references an `integer` still does. The sign stays; 0 and the smallest
//! bigint stay unchanged.

use super::output::{Distinct, MaskInput, MaskOutput};
use super::permutation::permute_range;
use super::refusal::RefusalReason;
use super::sql::{call, cast, op};
use super::type_kind::TypeKind;

pub(super) fn make(within: Option<i64>, input: &MaskInput<'_>) -> Result<MaskOutput, RefusalReason> {
    let max = match input.kind {
        TypeKind::SmallInt => i16::MAX.into(),
        TypeKind::Integer => i32::MAX.into(),
        TypeKind::BigInt => i64::MAX,
        _ => return Err(input.type_mismatch("smallint, integer or bigint")),
    };
    let ends = range_ends(within, max);
    let class = input.key.class("identifier");
    let value = cast(&input.value, "int8");
    let size = call("abs", &[&value]);
    let mut blocks = String::new();
    let mut from = 1;
    for end in ends {
        let label = format!("{from} to {end}");
        blocks += &format!(
            " WHEN {} THEN {}",
            op(&size, "<=", &format!("{end}::pg_catalog.int8")),
            permute_range(&class, &label, &size, from, end)
        );
        from = end.saturating_add(1);
    }
    // |-32768| is not a smallint, and the smallest bigint has no absolute value at all, so the smallest value of a type
    // stays.
    let least = format!("'{}'::pg_catalog.int8", -max - 1);
    let sign = cast(&call("sign", &[&cast(&input.value, "float8")]), "int8");
    let kept = format!("CASE WHEN {} THEN true ELSE {} END", op(&value, "=", &least), op(&value, "=", "0"));
    let sql = format!("CASE WHEN {kept} THEN {value} ELSE {} END", op(&sign, "*", &format!("CASE{blocks} END")));
    Ok(MaskOutput { keeps_sign: true, ..MaskOutput::value(sql, Distinct::Yes) })
}

/// Ends of the ranges that are permuted separately.
fn range_ends(within: Option<i64>, max: i64) -> Vec<i64> {
    let mut ends: Vec<i64> = [within, Some(i16::MAX.into()), Some(i32::MAX.into()), Some(i64::MAX)]
        .into_iter()
        .flatten()
        .filter(|end| *end <= max)
        .collect();
    ends.sort_unstable();
    ends.dedup();
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_range_ends_with_the_type() {
        assert_eq!(range_ends(None, i64::MAX), [32_767, 2_147_483_647, i64::MAX]);
        assert_eq!(range_ends(Some(1_000_000), i32::MAX.into()), [32_767, 1_000_000, 2_147_483_647]);
        assert_eq!(range_ends(Some(1_000_000), i16::MAX.into()), [32_767]);
    }
}

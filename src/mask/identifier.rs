//! A keyed permutation of the integers, the same in every column, so that foreign keys follow by
//! themselves when both sides are masked.
//!
//! The ranges of smallint, the rest of integer and the rest of bigint are permuted each on its own:
//! what fits one type fits it afterwards, and a `bigint` that refers to an `integer` still does. The
//! sign is kept; 0 and the least bigint stay.

use super::output::{Distinct, MaskInput, MaskOutput};
use super::permutation::between;
use super::refusal::Why;
use super::sql::{call, cast, op};
use super::type_kind::TypeKind;

pub(super) fn make(within: Option<i64>, site: &MaskInput<'_>) -> Result<MaskOutput, Why> {
    let most = match site.kind {
        TypeKind::SmallInt => i16::MAX.into(),
        TypeKind::Integer => i32::MAX.into(),
        TypeKind::BigInt => i64::MAX,
        _ => return Err(site.wrong_type("smallint, integer or bigint")),
    };
    let ends = ends(within, most);
    let class = site.key.class("identifier");
    let value = cast(&site.value, "int8");
    let size = call("abs", &[&value]);
    let mut blocks = String::new();
    let mut from = 1;
    for end in ends {
        let label = format!("{from} to {end}");
        blocks += &format!(
            " WHEN {} THEN {}",
            op(&size, "<=", &format!("{end}::pg_catalog.int8")),
            between(&class, &label, &size, from, end)
        );
        from = end.saturating_add(1);
    }
    // |-32768| is no smallint; its own type's least value is kept as the least bigint is, which has no
    // absolute value at all.
    let least = format!("'{}'::pg_catalog.int8", -most - 1);
    let sign = cast(&call("sign", &[&cast(&site.value, "float8")]), "int8");
    let kept = format!("CASE WHEN {} THEN true ELSE {} END", op(&value, "=", &least), op(&value, "=", "0"));
    let sql = format!("CASE WHEN {kept} THEN {value} ELSE {} END", op(&sign, "*", &format!("CASE{blocks} END")));
    Ok(MaskOutput { keeps_sign: true, ..MaskOutput::value(sql, Distinct::Yes) })
}

/// Where the ranges end that are permuted on their own.
fn ends(within: Option<i64>, most: i64) -> Vec<i64> {
    let mut ends: Vec<i64> = [within, Some(i16::MAX.into()), Some(i32::MAX.into()), Some(i64::MAX)]
        .into_iter()
        .flatten()
        .filter(|end| *end <= most)
        .collect();
    ends.sort_unstable();
    ends.dedup();
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_ends_with_its_greatest_number() {
        assert_eq!(ends(None, i64::MAX), [32_767, 2_147_483_647, i64::MAX]);
        assert_eq!(ends(Some(1_000_000), i32::MAX.into()), [32_767, 1_000_000, 2_147_483_647]);
        assert_eq!(ends(Some(1_000_000), i16::MAX.into()), [32_767]);
    }
}

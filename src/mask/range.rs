//! Range, shifted: both bounds move by the same keyed amount, so that its length stays and the ranges of a multirange
//! stay apart. Inclusive and exclusive bounds, infinite bounds and empty ranges stay.
//!
//! Ranges of numbers move by whole units, of dates by days, of timestamps by seconds. With `by`, all ranges of rows
//! with the same value in that column move equally, by whole days. A range that fills its type stays.

use crate::config::mask::Shift;
use crate::pg::catalog::Type;

use super::output::{Distinct, MaskInput, MaskOutput};
use super::refusal::RefusalReason;
use super::sql::{bytewise, call, case_when, cast, cast_to, concat, op, text};
use super::type_kind::TypeKind;

const SECONDS_PER_DAY: usize = 86_400;
const ACCEPTED: &str = "ranges and multiranges of integers, numeric, dates and timestamps";

/// Properties of the type of a range's bounds.
struct Bounds {
    /// Function that converts a bound to bytes, independent of the session's settings.
    bytes: &'static str,
    /// Constants below and above which a bound must not move further.
    min: &'static str,
    max: &'static str,
    /// Step.
    step: &'static str,
    /// Number of steps per unit of `shift`.
    steps: usize,
}

fn bounds(kind: TypeKind, whole_days: bool) -> Option<Bounds> {
    let numbers = |bytes, min, max, step| Bounds { bytes, min, max, step, steps: 1 };
    let second = "'1 second'::pg_catalog.interval";
    // Not a day, whose length depends on the session's time zone for timestamptz.
    let day = "'86400 seconds'::pg_catalog.interval";
    let times = |bytes, min, max| {
        if whole_days {
            Bounds { bytes, min, max, step: day, steps: 1 }
        } else {
            Bounds { bytes, min, max, step: second, steps: SECONDS_PER_DAY }
        }
    };
    Some(match kind {
        TypeKind::Integer => numbers("int4send", "(-2147000000)", "2147000000", "1"),
        TypeKind::BigInt => numbers("int8send", "(-9223372036000000000)", "9223372036000000000", "1::pg_catalog.int8"),
        TypeKind::Numeric => {
            numbers("numeric_send", "'-Infinity'::pg_catalog.numeric", "'Infinity'::pg_catalog.numeric", "1")
        }
        TypeKind::Date => numbers("date_send", "'0011-01-01'::pg_catalog.date", "'9988-12-31'::pg_catalog.date", "1"),
        TypeKind::Timestamp => {
            times("timestamp_send", "'0011-01-01'::pg_catalog.timestamp", "'9988-12-31'::pg_catalog.timestamp")
        }
        TypeKind::TimestampTz => times(
            "timestamptz_send",
            "'0011-01-01 00:00:00+00'::pg_catalog.timestamptz",
            "'9988-12-31 00:00:00+00'::pg_catalog.timestamptz",
        ),
        _ => return None,
    })
}

pub(super) fn make(shift: &Shift, input: &MaskInput<'_>) -> Result<MaskOutput, RefusalReason> {
    let mismatch = || input.type_mismatch(ACCEPTED);
    let own = &input.column.base;
    let range: &Type = match input.kind {
        TypeKind::Range => own,
        TypeKind::Multirange => own.inner.as_deref().ok_or_else(mismatch)?,
        _ => return Err(mismatch()),
    };
    let subtype = TypeKind::of(range.inner.as_deref().ok_or_else(mismatch)?);
    let bounds = bounds(subtype, shift.by.is_some()).ok_or_else(mismatch)?;
    let value = cast_to(own, &input.value);
    let (lower, upper) = (call("lower", &[&value]), call("upper", &[&value]));
    let class = input.key.class("range");
    let by = match &shift.by {
        Some(by) => input.sibling_text(by)?,
        None => {
            let bound = format!("COALESCE({lower}, {upper})");
            let bound = if subtype == TypeKind::Numeric { call("trim_scale", &[&bound]) } else { bound };
            bytewise(&format!("COALESCE({}, '')", call("encode", &[&call(bounds.bytes, &[&bound]), &text("hex")])))
        }
    };
    let max_steps = usize::try_from(shift.shift).unwrap_or(1) * bounds.steps;
    let amount = op("1", "+", &class.choice(&by, "amount", max_steps));
    let backward = op("0", "-", &amount);
    let (is_high, is_low) = (op(&upper, ">", bounds.max), op(&lower, "<", bounds.min));
    let forward = op(&class.choice(&by, "side", 2), "=", "0");
    let steps = format!(
        "CASE WHEN {is_high} AND {is_low} THEN 0 WHEN {is_high} THEN {backward} WHEN {is_low} THEN {amount} \
         WHEN {forward} THEN {amount} ELSE {backward} END"
    );
    let by = if matches!(subtype, TypeKind::Timestamp | TypeKind::TimestampTz) {
        op(&cast(&steps, "float8"), "*", bounds.step)
    } else {
        op(&cast(&steps, "int4"), "*", bounds.step)
    };
    let moved = |one: &str| {
        let flag = |of: &str, yes: &str, no: &str| cast(&case_when(&call(of, &[one]), yes, no), "text");
        let flags = concat(&[&flag("lower_inc", "'['", "'('"), &flag("upper_inc", "']'", "')'")]);
        let bound = |of: &str| op(&call(of, &[one]), "+", &by);
        let shifted = format!("{}({}, {}, {flags})", range.qualified(), bound("lower"), bound("upper"));
        case_when(&call("isempty", &[one]), one, &shifted)
    };
    if input.kind == TypeKind::Range {
        return Ok(MaskOutput::value(moved(&value), Distinct::No));
    }
    let sql = format!(
        "COALESCE((SELECT {} FROM {} AS devdb_range (devdb_value)), {})",
        call("range_agg", &[&moved("devdb_range.devdb_value")]),
        call("unnest", &[&value]),
        cast_to(own, "'{}'")
    );
    Ok(MaskOutput { subquery: true, ..MaskOutput::value(sql, Distinct::No) })
}

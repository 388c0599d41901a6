//! A range, moved: both bounds by the same keyed amount, so it stays as long as it is, and in a
//! multirange nothing comes to meet. Whether a bound belongs to it, infinite bounds and empty ranges
//! stay.
//!
//! Ranges of numbers move by whole units, of dates by days, of timestamps by seconds; `by` moves all
//! ranges of rows with the same value in that column alike, by whole days. One that fills its type stays.

use crate::config::mask::Shift;
use crate::pg::catalog::Type;

use super::output::{Distinct, MaskInput, MaskOutput};
use super::refusal::Why;
use super::sql::{bytewise, call, cast, cast_to, choose, concat, op, text};
use super::type_kind::TypeKind;

const SECONDS_A_DAY: usize = 86_400;
const TAKES: &str = "ranges and multiranges of integers, numeric, dates and timestamps";

/// What is known of the type of a range's bounds.
struct Bounds {
    /// The function that makes bytes of one, whatever the session's settings.
    bytes: &'static str,
    /// From where it can move neither up nor down, as constants.
    least: &'static str,
    most: &'static str,
    /// One step.
    step: &'static str,
    /// Steps of a unit of `shift`.
    steps: usize,
}

fn bounds(kind: TypeKind, whole_days: bool) -> Option<Bounds> {
    let numbers = |bytes, least, most, step| Bounds { bytes, least, most, step, steps: 1 };
    let second = "'1 second'::pg_catalog.interval";
    // Not a day: of one with a time zone that would be as long as the session's zone says.
    let day = "'86400 seconds'::pg_catalog.interval";
    let times = |bytes, least, most| {
        if whole_days {
            Bounds { bytes, least, most, step: day, steps: 1 }
        } else {
            Bounds { bytes, least, most, step: second, steps: SECONDS_A_DAY }
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

pub(super) fn make(shift: &Shift, site: &MaskInput<'_>) -> Result<MaskOutput, Why> {
    let wrong = || site.wrong_type(TAKES);
    let own = &site.column.base;
    let range: &Type = match site.kind {
        TypeKind::Range => own,
        TypeKind::Multirange => own.inner.as_deref().ok_or_else(wrong)?,
        _ => return Err(wrong()),
    };
    let subtype = TypeKind::of(range.inner.as_deref().ok_or_else(wrong)?);
    let bounds = bounds(subtype, shift.by.is_some()).ok_or_else(wrong)?;
    let value = cast_to(own, &site.value);
    let (lower, upper) = (call("lower", &[&value]), call("upper", &[&value]));
    let class = site.key.class("range");
    let by = match &shift.by {
        Some(by) => site.by(by)?,
        None => {
            let bound = format!("COALESCE({lower}, {upper})");
            let bound = if subtype == TypeKind::Numeric { call("trim_scale", &[&bound]) } else { bound };
            bytewise(&format!("COALESCE({}, '')", call("encode", &[&call(bounds.bytes, &[&bound]), &text("hex")])))
        }
    };
    let most = usize::try_from(shift.shift).unwrap_or(1) * bounds.steps;
    let amount = op("1", "+", &class.choice(&by, "amount", most));
    let back = op("0", "-", &amount);
    let (is_high, is_low) = (op(&upper, ">", bounds.most), op(&lower, "<", bounds.least));
    let forward = op(&class.choice(&by, "side", 2), "=", "0");
    let steps = format!(
        "CASE WHEN {is_high} AND {is_low} THEN 0 WHEN {is_high} THEN {back} WHEN {is_low} THEN {amount} \
         WHEN {forward} THEN {amount} ELSE {back} END"
    );
    let by = if matches!(subtype, TypeKind::Timestamp | TypeKind::TimestampTz) {
        op(&cast(&steps, "float8"), "*", bounds.step)
    } else {
        op(&cast(&steps, "int4"), "*", bounds.step)
    };
    let moved = |one: &str| {
        let flag = |of: &str, yes: &str, no: &str| cast(&choose(&call(of, &[one]), yes, no), "text");
        let flags = concat(&[&flag("lower_inc", "'['", "'('"), &flag("upper_inc", "']'", "')'")]);
        let bound = |of: &str| op(&call(of, &[one]), "+", &by);
        let made = format!("{}({}, {}, {flags})", range.qualified(), bound("lower"), bound("upper"));
        choose(&call("isempty", &[one]), one, &made)
    };
    if site.kind == TypeKind::Range {
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

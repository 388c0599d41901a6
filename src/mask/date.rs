//! Date near the original: another day of the same year or month, or shifted by some days.
//!
//! The result depends neither on `DateStyle` nor on the session's time zone: instants are in UTC, and hashed as numbers.
//! Infinite dates stay; dates outside the years 1 to 9999 are moved inside.

use crate::config::mask::{DateOptions, Shift};

use super::output::{Distinct, KnownValue, MaskInput, MaskOutput};
use super::refusal::RefusalReason;
use super::sql::{bytewise, call, case_when, cast, op, text};
use super::type_kind::TypeKind;

const SECONDS_PER_DAY: usize = 86_400;

pub(super) fn make(options: &DateOptions, input: &MaskInput<'_>) -> Result<MaskOutput, RefusalReason> {
    match (input.kind, options) {
        (TypeKind::Time, DateOptions::Shift(shift)) => return time("time_send", shift, input),
        (TypeKind::TimeTz, DateOptions::Shift(shift)) => return time("timetz_send", shift, input),
        _ => {}
    }
    // A date beyond the range of timestamps cannot be cast, so the value is bounded before the cast.
    let bounded = |kind: &str, zone: &str| {
        let bound = |day: &str| format!("'{day}{zone}'::pg_catalog.{kind}");
        format!("LEAST(GREATEST({}, {}), {})", input.value, bound("0002-01-01"), bound("9998-12-31"))
    };
    let to_utc = |value: &str| call("timezone", &[&text("UTC"), value]);
    // All arithmetic uses timestamps without time zone; a date converts to one and back exactly.
    let instant = match input.kind {
        TypeKind::Date => cast(&bounded("date", ""), "timestamp"),
        TypeKind::Timestamp => bounded("timestamp", ""),
        TypeKind::TimestampTz => to_utc(&bounded("timestamptz", " 00:00:00+00")),
        _ => return Err(input.type_mismatch("date, timestamp or timestamptz (and with `shift` a time of day)")),
    };
    let seconds =
        cast(&call("date_part", &[&text("epoch"), &call("date_trunc", &[&text("second"), &instant])]), "int8");
    let class = input.key.class("date");
    let days = |label: &str, below: i64| class.number(&seconds, label, below);
    let day = cast("'1 day'", "interval");
    let masked = match options {
        DateOptions::Year => {
            let year = call("date_trunc", &[&text("year"), &instant]);
            op(&year, "+", &op(&cast(&days("year", 365), "float8"), "*", &day))
        }
        DateOptions::Month => {
            let month = call("date_trunc", &[&text("month"), &instant]);
            op(&month, "+", &op(&cast(&days("month", 28), "float8"), "*", &day))
        }
        DateOptions::Shift(Shift { shift, by }) => {
            let most = usize::try_from(*shift).unwrap_or(1);
            let whole_days = by.is_some() || input.kind == TypeKind::Date;
            let (unit, steps) =
                if whole_days { (day, most) } else { (cast("'1 second'", "interval"), most * SECONDS_PER_DAY) };
            let (amount, forward) = match by {
                Some(by) => {
                    let by = input.sibling_text(by)?;
                    (class.choice(&by, "amount", steps), class.choice(&by, "side", 2))
                }
                None => (days("amount", i64::try_from(steps).unwrap_or(1)), days("side", 2)),
            };
            // Never zero: 1 to `steps` in either direction.
            let signed = op(&op(&amount, "+", "1"), "*", &op("1", "-", &op("2", "*", &forward)));
            // With `by`, the intervals between the dates of a row stay exact to the microsecond.
            let start = if whole_days { instant.clone() } else { call("date_trunc", &[&text("second"), &instant]) };
            op(&start, "+", &op(&cast(&signed, "float8"), "*", &unit))
        }
    };
    let back = match input.kind {
        TypeKind::Date => cast(&masked, "date"),
        TypeKind::Timestamp => masked,
        _ => to_utc(&masked),
    };
    let sql = case_when(&call("isfinite", &[&input.value]), &back, &input.value);
    let known_value = match options {
        DateOptions::Year => KnownValue::SameYear,
        DateOptions::Month => KnownValue::SameMonth,
        DateOptions::Shift(_) => KnownValue::Unknown,
    };
    Ok(MaskOutput { known_value, ..MaskOutput::value(sql, Distinct::No) })
}

/// Another time of day: shifted by 1 second to 23:59:59 modulo 24 hours, whatever the number of days in `shift`.
fn time(bytes: &str, shift: &Shift, input: &MaskInput<'_>) -> Result<MaskOutput, RefusalReason> {
    let class = input.key.class("date");
    let by = match &shift.by {
        Some(by) => input.sibling_text(by)?,
        None => bytewise(&call("encode", &[&call(bytes, &[&input.value]), &text("hex")])),
    };
    let seconds = cast(&op("1", "+", &class.choice(&by, "time", SECONDS_PER_DAY - 1)), "float8");
    let sql = op(&input.value, "+", &op(&seconds, "*", &cast("'1 second'", "interval")));
    Ok(MaskOutput::value(sql, Distinct::No))
}

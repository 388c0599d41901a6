//! A date near the date: another day of the same year or month, or moved by some days.
//!
//! Nothing here depends on `DateStyle` or the time zone of the session: instants are taken in UTC, and
//! hashed as numbers. The infinite dates stay; others outside the years 1 to 9999 are pulled inside.

use crate::config::mask::{DateOptions, Shift};

use super::output::{Distinct, MaskInput, MaskOutput, Near};
use super::refusal::Why;
use super::sql::{bytewise, call, cast, choose, op, text};
use super::type_kind::TypeKind;

const SECONDS_A_DAY: usize = 86_400;

pub(super) fn make(options: &DateOptions, site: &MaskInput<'_>) -> Result<MaskOutput, Why> {
    match (site.kind, options) {
        (TypeKind::Time, DateOptions::Shift(shift)) => return time("time_send", shift, site),
        (TypeKind::TimeTz, DateOptions::Shift(shift)) => return time("timetz_send", shift, site),
        _ => {}
    }
    // A date too far for a timestamp cannot be cast, so the bounds are put on the value itself.
    let bounded = |kind: &str, zone: &str| {
        let bound = |day: &str| format!("'{day}{zone}'::pg_catalog.{kind}");
        format!("LEAST(GREATEST({}, {}), {})", site.value, bound("0002-01-01"), bound("9998-12-31"))
    };
    let to_utc = |value: &str| call("timezone", &[&text("UTC"), value]);
    // Everything is done on a timestamp without zone; a date casts to one and back exactly.
    let instant = match site.kind {
        TypeKind::Date => cast(&bounded("date", ""), "timestamp"),
        TypeKind::Timestamp => bounded("timestamp", ""),
        TypeKind::TimestampTz => to_utc(&bounded("timestamptz", " 00:00:00+00")),
        _ => return Err(site.wrong_type("date, timestamp or timestamptz (and with `shift` a time of day)")),
    };
    let seconds =
        cast(&call("date_part", &[&text("epoch"), &call("date_trunc", &[&text("second"), &instant])]), "int8");
    let class = site.key.class("date");
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
            let whole_days = by.is_some() || site.kind == TypeKind::Date;
            let (unit, steps) =
                if whole_days { (day, most) } else { (cast("'1 second'", "interval"), most * SECONDS_A_DAY) };
            let (amount, forward) = match by {
                Some(by) => {
                    let by = site.by(by)?;
                    (class.choice(&by, "amount", steps), class.choice(&by, "side", 2))
                }
                None => (days("amount", i64::try_from(steps).unwrap_or(1)), days("side", 2)),
            };
            // Never by nothing: 1 to `steps`, to either side.
            let signed = op(&op(&amount, "+", "1"), "*", &op("1", "-", &op("2", "*", &forward)));
            // Rows that are moved alike keep the time between their dates to the microsecond.
            let start = if whole_days { instant.clone() } else { call("date_trunc", &[&text("second"), &instant]) };
            op(&start, "+", &op(&cast(&signed, "float8"), "*", &unit))
        }
    };
    let back = match site.kind {
        TypeKind::Date => cast(&masked, "date"),
        TypeKind::Timestamp => masked,
        _ => to_utc(&masked),
    };
    let sql = choose(&call("isfinite", &[&site.value]), &back, &site.value);
    let near = match options {
        DateOptions::Year => Near::Year,
        DateOptions::Month => Near::Month,
        DateOptions::Shift(_) => Near::Nothing,
    };
    Ok(MaskOutput { near, ..MaskOutput::value(sql, Distinct::No) })
}

/// Another time of day: moved around the clock by 1 second to 23:59:59, however many days `shift` has.
fn time(bytes: &str, shift: &Shift, site: &MaskInput<'_>) -> Result<MaskOutput, Why> {
    let class = site.key.class("date");
    let by = match &shift.by {
        Some(by) => site.by(by)?,
        None => bytewise(&call("encode", &[&call(bytes, &[&site.value]), &text("hex")])),
    };
    let seconds = cast(&op("1", "+", &class.choice(&by, "time", SECONDS_A_DAY - 1)), "float8");
    let sql = op(&site.value, "+", &op(&seconds, "*", &cast("'1 second'", "interval")));
    Ok(MaskOutput::value(sql, Distinct::No))
}

//! Number near the original, derived from its value: it differs by at most the given percentage, and by at least one
//! unit of its last digit. Zero, NaN and infinite numbers stay.
//!
//! It never has more digits before or after the decimal point than the original (without trailing zeros), so it fits
//! any precision and scale. The sign stays; 1 becomes 2.

use super::output::{Distinct, MaskInput, MaskOutput};
use super::refusal::RefusalReason;
use super::sql::{bytewise, call, case_when, cast, concat, is_null, op, text};
use super::type_kind::TypeKind;

/// Resolution of the keyed share of the noise.
const PARTS: usize = 1_000_000_000;

pub(super) fn make(noise: u8, input: &MaskInput<'_>) -> Result<MaskOutput, RefusalReason> {
    let (limit, kind) = match input.kind {
        TypeKind::SmallInt => (Some("32767"), "int2"),
        TypeKind::Integer => (Some("2147483647"), "int4"),
        TypeKind::BigInt => (Some("9223372036854775807"), "int8"),
        TypeKind::Real => (Some("3.4e38"), "float4"),
        TypeKind::Double => (Some("1.79e308"), "float8"),
        // For currencies with two decimal digits; those without could hold a hundred times that.
        TypeKind::Money => (Some("92233720368547758.07"), "money"),
        TypeKind::Numeric => (None, "numeric"),
        TypeKind::Interval => return Ok(interval(noise, input)),
        _ => return Err(input.type_mismatch("an integer, numeric, real, double precision, money or interval")),
    };
    let value = cast(&input.value, "numeric");
    let class = input.key.class("number");
    // 1.0 and 1.00 are equal.
    let by = bytewise(&cast(&call("trim_scale", &[&value]), "text"));
    let scale = call("min_scale", &[&value]);
    let size = call("abs", &[&value]);
    let share = op(&numeric(&format!("0.{noise:02}")), "*", &numeric("0.000000001"));
    let part = cast(&class.choice(&by, "amount", PARTS), "numeric");
    let unit = cast(&concat(&[&text("1e-"), &cast(&scale, "text")]), "numeric");
    let rounded = call("trunc", &[&op(&op(&size, "*", &share), "*", &part), &scale]);
    let amount = format!("GREATEST({rounded}, {unit})");
    let (up, down) = (op(&size, "+", &amount), op(&size, "-", &amount));
    // Significant digits: 9.5 has two, 10.4 three.
    let digits = |number: &str| {
        let rounded = cast(&call("round", &[number, &scale]), "text");
        call("char_length", &[&call("ltrim", &[&call("translate", &[&rounded, "'.'", "''"]), "'0'"])])
    };
    let longer = op(&digits(&up), ">", &digits(&size));
    let too_far = limit.map_or(longer.clone(), |limit| format!("({longer} OR {})", op(&up, ">", &numeric(limit))));
    let forward = op(&class.choice(&by, "side", 2), "=", "0");
    let moved = format!(
        "CASE WHEN {} THEN {up} WHEN {too_far} THEN {down} WHEN {forward} THEN {up} ELSE {down} END",
        op(&down, "<=", "0")
    );
    let signed = cast(&op(&call("sign", &[&value]), "*", &moved), kind);
    let is_kept = format!("({} OR {})", is_null(&scale), op(&value, "=", "0"));
    let sql = case_when(&is_kept, &cast(&input.value, kind), &signed);
    Ok(MaskOutput { keeps_sign: true, ..MaskOutput::value(sql, Distinct::No) })
}

/// An interval: longer or shorter by at least a tenth of the noise; in whole seconds from one hour on.
fn interval(noise: u8, input: &MaskInput<'_>) -> MaskOutput {
    let class = input.key.class("number");
    let seconds = call("extract", &[&text("epoch"), &input.value]);
    let by = bytewise(&cast(&call("trim_scale", &[&seconds]), "text"));
    let part = cast(&class.choice(&by, "amount", PARTS), "float8");
    let least = f64::from(noise) / 1000.0;
    let share =
        op(&format!("{least}::pg_catalog.float8"), "*", &op("1", "+", &op(&part, "*", "9e-9::pg_catalog.float8")));
    let forward = op(&class.choice(&by, "side", 2), "=", "0");
    let one = "1::pg_catalog.float8";
    let factor = case_when(&forward, &op(one, "+", &share), &op(one, "-", &share));
    let moved = op(&input.value, "*", &factor);
    let is_long = op(&call("abs", &[&seconds]), ">=", "3600");
    let sql = case_when(&is_long, &call("date_trunc", &[&text("second"), &moved]), &moved);
    MaskOutput::value(sql, Distinct::No)
}

fn numeric(number: &str) -> String {
    format!("'{number}'::pg_catalog.numeric")
}

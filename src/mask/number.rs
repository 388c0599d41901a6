//! A number near the number, by its value: at most so many percent off, and at least one unit of its
//! last digit, so never the same. Zero, NaN and the infinite numbers stay.
//!
//! It has no more digits before the point than it had and no more after it (trailing zeros do not
//! count), so it fits whatever precision and scale its column has. The sign stays; 1 becomes 2.

use super::output::{Distinct, MaskInput, MaskOutput};
use super::refusal::Why;
use super::sql::{bytewise, call, cast, choose, concat, is_null, op, text};
use super::type_kind::TypeKind;

/// Parts of the keyed share of the noise.
const PARTS: usize = 1_000_000_000;

pub(super) fn make(noise: u8, site: &MaskInput<'_>) -> Result<MaskOutput, Why> {
    let (limit, kind) = match site.kind {
        TypeKind::SmallInt => (Some("32767"), "int2"),
        TypeKind::Integer => (Some("2147483647"), "int4"),
        TypeKind::BigInt => (Some("9223372036854775807"), "int8"),
        TypeKind::Real => (Some("3.4e38"), "float4"),
        TypeKind::Double => (Some("1.79e308"), "float8"),
        // Of a currency with two digits; one without has room for a hundred times that.
        TypeKind::Money => (Some("92233720368547758.07"), "money"),
        TypeKind::Numeric => (None, "numeric"),
        TypeKind::Interval => return Ok(interval(noise, site)),
        _ => return Err(site.wrong_type("an integer, numeric, real, double precision, money or interval")),
    };
    let value = cast(&site.value, "numeric");
    let class = site.key.class("number");
    // 1.0 and 1.00 are one number.
    let by = bytewise(&cast(&call("trim_scale", &[&value]), "text"));
    let scale = call("min_scale", &[&value]);
    let size = call("abs", &[&value]);
    let share = op(&numeric(&format!("0.{noise:02}")), "*", &numeric("0.000000001"));
    let part = cast(&class.choice(&by, "amount", PARTS), "numeric");
    let unit = cast(&concat(&[&text("1e-"), &cast(&scale, "text")]), "numeric");
    let rounded = call("trunc", &[&op(&op(&size, "*", &share), "*", &part), &scale]);
    let amount = format!("GREATEST({rounded}, {unit})");
    let (up, down) = (op(&size, "+", &amount), op(&size, "-", &amount));
    // Digits from the first that is not 0: 9.5 has two, 10.4 three.
    let digits = |number: &str| {
        let written = cast(&call("round", &[number, &scale]), "text");
        call("char_length", &[&call("ltrim", &[&call("translate", &[&written, "'.'", "''"]), "'0'"])])
    };
    let longer = op(&digits(&up), ">", &digits(&size));
    let too_far = limit.map_or(longer.clone(), |limit| format!("({longer} OR {})", op(&up, ">", &numeric(limit))));
    let forward = op(&class.choice(&by, "side", 2), "=", "0");
    let moved = format!(
        "CASE WHEN {} THEN {up} WHEN {too_far} THEN {down} WHEN {forward} THEN {up} ELSE {down} END",
        op(&down, "<=", "0")
    );
    let signed = cast(&op(&call("sign", &[&value]), "*", &moved), kind);
    let stays = format!("({} OR {})", is_null(&scale), op(&value, "=", "0"));
    let sql = choose(&stays, &cast(&site.value, kind), &signed);
    Ok(MaskOutput { keeps_sign: true, ..MaskOutput::value(sql, Distinct::No) })
}

/// Longer or shorter by a tenth of the noise at least; from an hour on in whole seconds.
fn interval(noise: u8, site: &MaskInput<'_>) -> MaskOutput {
    let class = site.key.class("number");
    let seconds = call("extract", &[&text("epoch"), &site.value]);
    let by = bytewise(&cast(&call("trim_scale", &[&seconds]), "text"));
    let part = cast(&class.choice(&by, "amount", PARTS), "float8");
    let least = f64::from(noise) / 1000.0;
    let share =
        op(&format!("{least}::pg_catalog.float8"), "*", &op("1", "+", &op(&part, "*", "9e-9::pg_catalog.float8")));
    let forward = op(&class.choice(&by, "side", 2), "=", "0");
    let one = "1::pg_catalog.float8";
    let factor = choose(&forward, &op(one, "+", &share), &op(one, "-", &share));
    let moved = op(&site.value, "*", &factor);
    let is_long = op(&call("abs", &[&seconds]), ">=", "3600");
    let sql = choose(&is_long, &call("date_trunc", &[&text("second"), &moved]), &moved);
    MaskOutput::value(sql, Distinct::No)
}

fn numeric(number: &str) -> String {
    format!("'{number}'::pg_catalog.numeric")
}

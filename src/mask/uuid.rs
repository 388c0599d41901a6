//! A UUID of version 4, of 120 bits of the keyed hash of the UUID's text in lower case: a `uuid` and a
//! text column that hold the same one still do.

use super::output::{Distinct, MaskInput, MaskOutput};
use super::refusal::Why;
use super::sql::{bytewise, call, cast, op, text};
use super::type_kind::TypeKind;

const LENGTH: usize = 36;

pub(super) fn make(site: &MaskInput<'_>) -> Result<MaskOutput, Why> {
    if site.kind == TypeKind::Uuid {
        return Ok(MaskOutput::value(value(site, &bytewise(&cast(&site.value, "text"))), Distinct::Yes));
    }
    if !site.kind.is_text() {
        return Err(site.wrong_type("uuid or text"));
    }
    site.must_fit(LENGTH)?;
    // In capital letters it stays in capital letters; a mixed spelling is a value of its own.
    let own = site.text();
    let lower = bytewise(&call("lower", &[&own]));
    let masked = cast(&value(site, &lower), "text");
    let sql = format!(
        "CASE WHEN {} THEN {masked} WHEN {} THEN {} ELSE {} END",
        op(&own, "=", &lower),
        op(&own, "=", &bytewise(&call("upper", &[&own]))),
        call("upper", &[&bytewise(&masked)]),
        cast(&value(site, &own), "text")
    );
    let form = |digit: &str| format!("{digit}{{8}}(-{digit}{{4}}){{3}}-{digit}{{12}}");
    let made = MaskOutput::text(sql, LENGTH, LENGTH, Distinct::Yes);
    Ok(MaskOutput { plain: true, ..made.written(format!("{}|{}", form("[0-9a-f]"), form("[0-9A-F]"))) })
}

fn value(site: &MaskInput<'_>, of: &str) -> String {
    let hex = site.key.class("uuid").hex(of, 32);
    let version = call("overlay", &[&hex, &text("4"), "13", "1"]);
    cast(&call("overlay", &[&version, &text("8"), "17", "1"]), "uuid")
}

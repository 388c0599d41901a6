//! UUID of version 4: 120 bits of the keyed hash of the UUID's text in lower case, so that a `uuid` and a text column
//! with the same UUID keep having the same one.

use super::output::{Distinct, MaskInput, MaskOutput};
use super::refusal::RefusalReason;
use super::sql::{bytewise, call, cast, op, text};
use super::type_kind::TypeKind;

const LENGTH: usize = 36;

pub(super) fn make(input: &MaskInput<'_>) -> Result<MaskOutput, RefusalReason> {
    if input.kind == TypeKind::Uuid {
        return Ok(MaskOutput::value(hashed_uuid(input, &bytewise(&cast(&input.value, "text"))), Distinct::Yes));
    }
    if !input.kind.is_text() {
        return Err(input.type_mismatch("uuid or text"));
    }
    input.ensure_fits(LENGTH)?;
    // Upper case stays upper case; mixed case is a value of its own.
    let own = input.text();
    let lower = bytewise(&call("lower", &[&own]));
    let masked = cast(&hashed_uuid(input, &lower), "text");
    let sql = format!(
        "CASE WHEN {} THEN {masked} WHEN {} THEN {} ELSE {} END",
        op(&own, "=", &lower),
        op(&own, "=", &bytewise(&call("upper", &[&own]))),
        call("upper", &[&bytewise(&masked)]),
        cast(&hashed_uuid(input, &own), "text")
    );
    let pattern = |digit: &str| format!("{digit}{{8}}(-{digit}{{4}}){{3}}-{digit}{{12}}");
    let output = MaskOutput::text(sql, LENGTH, LENGTH, Distinct::Yes);
    Ok(MaskOutput { plain: true, ..output.with_pattern(format!("{}|{}", pattern("[0-9a-f]"), pattern("[0-9A-F]"))) })
}

fn hashed_uuid(input: &MaskInput<'_>, of: &str) -> String {
    let hex = input.key.class("uuid").hex(of, 32);
    let version = call("overlay", &[&hex, &text("4"), "13", "1"]);
    cast(&call("overlay", &[&version, &text("8"), "17", "1"]), "uuid")
}

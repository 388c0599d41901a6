//! Bytes of the keyed hash: repeated to the old length, or a fixed number of them.

use super::output::{Distinct, MaskInput, MaskOutput};
use super::refusal::Why;
use super::sql::{bytewise, call, choose, op, text};
use super::type_kind::TypeKind;

pub(super) fn make(length: Option<usize>, site: &MaskInput<'_>) -> Result<MaskOutput, Why> {
    if site.kind != TypeKind::Bytea {
        return Err(site.wrong_type("bytea"));
    }
    // The hash takes text; hexadecimal digits are the same whatever `bytea_output` says.
    let value = bytewise(&call("encode", &[&site.value, &text("hex")]));
    let class = site.key.class("bytes");
    let old = call("octet_length", &[&site.value]);
    let Some(length) = length else {
        let repeated = call("repeat", &[&class.hex(&value, 64), &op(&op(&old, "/", "32"), "+", "1")]);
        let sql = call("substr", &[&call("decode", &[&repeated, &text("hex")]), "1", &old]);
        return Ok(MaskOutput::value(sql, Distinct::No));
    };
    let all = call("substr", &[&class.hmac(&value), "1", &length.to_string()]);
    let empty = op(&old, "=", "0");
    Ok(MaskOutput::value(choose(&empty, &site.value, &all), Distinct::Yes))
}

//! Bytes of the keyed hash: repeated to the original length, or a fixed number of them.

use super::output::{Distinct, MaskInput, MaskOutput};
use super::refusal::RefusalReason;
use super::sql::{bytewise, call, case_when, op, text};
use super::type_kind::TypeKind;

pub(super) fn make(length: Option<usize>, input: &MaskInput<'_>) -> Result<MaskOutput, RefusalReason> {
    if input.kind != TypeKind::Bytea {
        return Err(input.type_mismatch("bytea"));
    }
    // The hash takes text. Hexadecimal digits do not depend on `bytea_output`.
    let value = bytewise(&call("encode", &[&input.value, &text("hex")]));
    let class = input.key.class("bytes");
    let old = call("octet_length", &[&input.value]);
    let Some(length) = length else {
        let repeated = call("repeat", &[&class.hex(&value, 64), &op(&op(&old, "/", "32"), "+", "1")]);
        let sql = call("substr", &[&call("decode", &[&repeated, &text("hex")]), "1", &old]);
        return Ok(MaskOutput::value(sql, Distinct::No));
    };
    let all = call("substr", &[&class.hmac(&value), "1", &length.to_string()]);
    let empty = op(&old, "=", "0");
    Ok(MaskOutput::value(case_when(&empty, &input.value, &all), Distinct::Yes))
}

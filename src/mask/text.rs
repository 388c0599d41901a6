//! Free text: lorem ipsum of the same length, its shape, or the text without addresses and numbers.

use crate::config::mask::TextKind;

use super::output::{Distinct, MaskInput, MaskOutput, MaxLength, OutputFormat};
use super::refusal::RefusalReason;
use super::sql::{bytewise, call, op, text};
use super::type_kind::TypeKind;

const LOREM: &str = "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut labore et \
    dolore magna aliqua ut enim ad minim veniam quis nostrud exercitation ullamco laboris nisi ut aliquip ex ea commodo ";
/// Replacement of an address or a number; not longer than the shortest of either.
const REDACTED: &str = "***";
/// Any text around an @.
const ADDRESS: &str = r#"[^[:space:]<>"(),;:@]+@[^[:space:]<>"(),;:@]+"#;
/// Seven or more digits with at most two separators between them: telephone, registration, card and account numbers,
/// and dates.
const NUMBER: &str = r"[+]?[0-9]([ ().-]{0,2}[0-9]){6,}";

pub(super) fn make(kind: TextKind, input: &MaskInput<'_>) -> Result<MaskOutput, RefusalReason> {
    if input.kind == TypeKind::Xml && kind == TextKind::Lorem {
        // Words are well-formed content, independent of the session's `xmloption`.
        let sql = format!("XMLPARSE(CONTENT {})", lorem(input, &input.text()));
        return Ok(MaskOutput::value(sql, Distinct::No));
    }
    input.ensure_text()?;
    let value = input.text();
    let (sql, length) = match kind {
        TextKind::Lorem => (lorem(input, &value), MaxLength::SameAsInput),
        TextKind::Shape => (shape(&value), MaxLength::SameAsInput),
        TextKind::Redact => (redact(&value), MaxLength::UpToInput),
    };
    // The padding of char(n) does not count for its length, and the output may end in a space.
    let is_padded = input.column.base.name == "bpchar" && length == MaxLength::SameAsInput;
    let max_chars = if is_padded { MaxLength::UpToInput } else { length };
    let format = if kind == TextKind::Lorem { OutputFormat::Pattern("[a-z ]+".into()) } else { OutputFormat::Unknown };
    Ok(MaskOutput { max_chars, format, ..MaskOutput::text(sql, 1, 0, Distinct::No) })
}

fn lorem(input: &MaskInput<'_>, value: &str) -> String {
    let length = call("char_length", &[value]);
    let times = op(&op(&length, "/", &LOREM.len().to_string()), "+", "2");
    let start = input.key.class("text").choice(value, "start", LOREM.len());
    call("substr", &[&call("repeat", &[&text(LOREM), &times]), &op("1", "+", &start), &length])
}

/// x for every letter, 0 for every digit, 가 for hangul; ASCII punctuation and control characters stay.
pub(super) fn shape(value: &str) -> String {
    let letters: String = ('A'..='Z').chain('a'..='z').chain('0'..='9').collect();
    let shapes = format!("{}{}{}", "X".repeat(26), "x".repeat(26), "0".repeat(10));
    let ascii = call("translate", &[value, &text(&letters), &text(&shapes)]);
    let replaced = |value: &str, what: &str, by: &str| {
        call("regexp_replace", &[&bytewise(value), &text(what), &text(by), &text("g")])
    };
    replaced(&replaced(&ascii, r"[\uAC00-\uD7A3]", "가"), r"[^\u0001-\u007F가]", "x")
}

fn redact(value: &str) -> String {
    let replaced =
        |value: &str, what: &str| call("regexp_replace", &[&bytewise(value), &text(what), &text(REDACTED), &text("g")]);
    replaced(&replaced(value, ADDRESS), NUMBER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lorem_ipsum_is_ascii() {
        assert!(LOREM.is_ascii() && LOREM.ends_with(' ') && !LOREM.contains("  "));
    }
}

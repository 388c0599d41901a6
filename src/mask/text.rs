//! Free text: other words of the same length, its shape, or itself without addresses and numbers.

use crate::config::mask::TextKind;

use super::output::{Distinct, Form, Length, MaskInput, MaskOutput};
use super::refusal::Why;
use super::sql::{bytewise, call, op, text};
use super::type_kind::TypeKind;

const LOREM: &str = "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut labore et \
    dolore magna aliqua ut enim ad minim veniam quis nostrud exercitation ullamco laboris nisi ut aliquip ex ea commodo ";
/// What stands for an address or a number; no longer than the shortest of either.
const REDACTED: &str = "***";
/// Anything around an @.
const ADDRESS: &str = r#"[^[:space:]<>"(),;:@]+@[^[:space:]<>"(),;:@]+"#;
/// Seven digits or more with at most two separators between them: telephone, registration, card and
/// account numbers, dates too.
const NUMBER: &str = r"[+]?[0-9]([ ().-]{0,2}[0-9]){6,}";

pub(super) fn make(kind: TextKind, site: &MaskInput<'_>) -> Result<MaskOutput, Why> {
    if site.kind == TypeKind::Xml && kind == TextKind::Lorem {
        // Words are well-formed content, whatever the session's `xmloption`.
        let sql = format!("XMLPARSE(CONTENT {})", lorem(site, &site.text()));
        return Ok(MaskOutput::value(sql, Distinct::No));
    }
    site.must_be_text()?;
    let value = site.text();
    let (sql, length) = match kind {
        TextKind::Lorem => (lorem(site, &value), Length::Same),
        TextKind::Shape => (shape(&value), Length::Same),
        TextKind::Redact => (redact(&value), Length::Input),
    };
    // The padding of char(n) is no part of its length, and other text may end in a space.
    let padded = site.column.base.name == "bpchar" && length == Length::Same;
    let longest = if padded { Length::Input } else { length };
    let form = if kind == TextKind::Lorem { Form::As("[a-z ]+".into()) } else { Form::Unknown };
    Ok(MaskOutput { longest, form, ..MaskOutput::text(sql, 1, 0, Distinct::No) })
}

fn lorem(site: &MaskInput<'_>, value: &str) -> String {
    let length = call("char_length", &[value]);
    let times = op(&op(&length, "/", &LOREM.len().to_string()), "+", "2");
    let start = site.key.class("text").choice(value, "start", LOREM.len());
    call("substr", &[&call("repeat", &[&text(LOREM), &times]), &op("1", "+", &start), &length])
}

/// Every letter an x, every digit a 0, hangul 가; ASCII punctuation and control characters stay.
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
    fn other_words_are_ascii_so_that_characters_are_bytes() {
        assert!(LOREM.is_ascii() && LOREM.ends_with(' ') && !LOREM.contains("  "));
    }
}

//! The shape of a document: strings become their shapes (`text: shape`), numbers 0, and keys, `true`,
//! `false`, `null` and all that is between stay to the letter.
//!
//! Done on the text, without a subquery and without reading any escape, so that no document is too odd:
//! strings and numbers are marked, cut out, changed all at once, and put back into what is between.
//! Where a regular expression has several ways to match, the server takes the longest: a key with its
//! colon is never taken for a string.

use super::super::sql::{call, cast, op, text};
use super::super::text::shape;

// No JSON has these characters in it but as escapes.
const FROM: &str = "\u{1}";
const MIDDLE: &str = "\u{2}";
const TO: &str = "\u{3}";

pub(super) fn make(document: &str) -> String {
    let all = |of: &str, what: &str, by: &str| call("regexp_replace", &[of, &text(what), &text(by), &text("g")]);
    // A key stays, before an empty mark; a string is marked from its first quotation mark on, a number
    // with something after the middle.
    let marked = all(
        &cast(document, "text"),
        r#"("(?:[^"\\]|\\.)*"[ \t\r\n]*:)|(")((?:[^"\\]|\\.)*)"|(-?[0-9][0-9.eE+-]*)"#,
        &format!(r"\1{FROM}\2\3{MIDDLE}\4{TO}"),
    );
    let between = call("regexp_split_to_array", &[&marked, &text(&format!("{FROM}[^{TO}]*{TO}"))]);
    let values = all(&marked, &format!("[^{FROM}{TO}]*({FROM}[^{TO}]*{TO})|[^{FROM}{TO}]+"), r"\1");
    let shaped = shape(&all(&values, r"\\(u[0-9a-fA-F]{4}|.)", "x"));
    let zeroed = all(&shaped, &format!("{MIDDLE}[^{TO}]+{TO}"), &format!("0{TO}"));
    let replace = |of: &str, what: &str, by: &str| call("replace", &[of, &text(what), &text(by)]);
    let after_keys = replace(&zeroed, &format!("{FROM}{MIDDLE}{TO}"), &format!("{FROM}{TO}"));
    let closed = replace(&after_keys, &format!("{MIDDLE}{TO}"), &format!("\"{TO}"));
    let escaped = replace(&closed, "%", "%%");
    let form = op(&replace(&replace(&escaped, FROM, "%s"), TO, ""), "||", &text("%s"));
    call("format", &[&form, &format!("VARIADIC {between}")])
}

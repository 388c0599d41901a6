//! Shape of a document: strings become their shapes (`text: shape`), numbers 0. Keys, `true`, `false`, `null` and
//! everything between values stay unchanged.
//!
//! It operates on the JSON text, without a subquery and without decoding escapes, so that it accepts every document:
//! strings and numbers are marked, extracted, changed all at once, and inserted into the text between them.
//! Where a regular expression can match in several ways, the server takes the longest match: a key with its
//! colon is never taken for a string.

use super::super::sql::{call, cast, op, text};
use super::super::text::shape;

// Control characters, which JSON contains only as escapes.
const START: &str = "\u{1}";
const MIDDLE: &str = "\u{2}";
const END: &str = "\u{3}";

pub(super) fn make(document: &str) -> String {
    let replace_all =
        |text_sql: &str, what: &str, by: &str| call("regexp_replace", &[text_sql, &text(what), &text(by), &text("g")]);
    // A key stays, in front of an empty mark; a string is marked from its first quotation mark on, a number
    // with its digits after the middle.
    let marked = replace_all(
        &cast(document, "text"),
        r#"("(?:[^"\\]|\\.)*"[ \t\r\n]*:)|(")((?:[^"\\]|\\.)*)"|(-?[0-9][0-9.eE+-]*)"#,
        &format!(r"\1{START}\2\3{MIDDLE}\4{END}"),
    );
    let between = call("regexp_split_to_array", &[&marked, &text(&format!("{START}[^{END}]*{END}"))]);
    let values = replace_all(&marked, &format!("[^{START}{END}]*({START}[^{END}]*{END})|[^{START}{END}]+"), r"\1");
    let shaped = shape(&replace_all(&values, r"\\(u[0-9a-fA-F]{4}|.)", "x"));
    let zeroed = replace_all(&shaped, &format!("{MIDDLE}[^{END}]+{END}"), &format!("0{END}"));
    let replace = |text_sql: &str, what: &str, by: &str| call("replace", &[text_sql, &text(what), &text(by)]);
    let after_keys = replace(&zeroed, &format!("{START}{MIDDLE}{END}"), &format!("{START}{END}"));
    let closed = replace(&after_keys, &format!("{MIDDLE}{END}"), &format!("\"{END}"));
    let escaped = replace(&closed, "%", "%%");
    let format_string = op(&replace(&replace(&escaped, START, "%s"), END, ""), "||", &text("%s"));
    call("format", &[&format_string, &format!("VARIADIC {between}")])
}

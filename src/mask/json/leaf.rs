//! Values at the ends of paths.

use super::super::output::{CompileInner, MaskInput, MaskOutput};
use super::super::refusal::RefusalReason;
use super::super::rule::Rule;
use super::super::sql::{call, case_when, cast, op, preserve_empty, text};
use crate::config::mask::Scalar;

/// A value inside a document, in SQL.
pub(super) struct Leaf<'a> {
    /// Its type, as returned by `jsonb_typeof`.
    pub kind: &'a str,
    /// Text of a string or a number.
    pub text: &'a str,
    /// Its JSON text.
    pub json: &'a str,
}

/// Masks the leaves of one document.
pub(super) struct LeafMasker<'a> {
    /// The document.
    pub document: &'a MaskInput<'a>,
    /// Compiler of the masks.
    pub compile: CompileInner<MaskOutput>,
}

impl LeafMasker<'_> {
    /// JSON text of a masked leaf.
    pub(super) fn masked(&self, rule: &Rule, leaf: &Leaf<'_>) -> Result<String, RefusalReason> {
        let null = text("null");
        match rule {
            Rule::Null => Ok(null),
            Rule::Fixed(value) => Ok(text(&scalar_json(value))),
            rule => {
                let inner = self.document.inner_text(leaf.text.to_owned());
                let output = (self.compile)(rule, &inner)?;
                let new = cast(&preserve_empty(inner.kind, &inner.value, &output.sql), "text");
                let new = cast(&call("to_json", &[&new]), "text");
                let is_value = format!("({} OR {})", is_kind(leaf.kind, "string"), is_kind(leaf.kind, "number"));
                let is_deep = format!("({} OR {})", is_kind(leaf.kind, "object"), is_kind(leaf.kind, "array"));
                let other = case_when(&is_deep, &null, leaf.json);
                Ok(format!("COALESCE({}, {null})", case_when(&is_value, &new, &other)))
            }
        }
    }
}

/// Test of a type name returned by `jsonb_typeof`.
pub(super) fn is_kind(kind: &str, name: &str) -> String {
    op(kind, "=", &text(name))
}

/// A `json` document without what only `json` accepts: unpaired surrogates, and U+0000, which text cannot contain.
/// Both become U+FFFD.
///
/// An escaped backslash is first rewritten as `\u005c`, after which every backslash begins an escape.
pub(super) fn without_invalid_escapes(document: &str) -> String {
    const SUSPICIOUS: &str = r"\\u(0000|[dD][89a-fA-F])";
    const UNPAIRED_HIGH: &str = r"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F][0-9a-fA-F]{2})";
    const UNPAIRED_LOW: &str = r"(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}";
    let json = cast(document, "text");
    let plain = call("replace", &[&json, &text(r"\\"), &text(r"\u005c")]);
    let replaced = [UNPAIRED_HIGH, UNPAIRED_LOW, r"\\u0000"]
        .iter()
        .fold(plain, |sql, what| call("regexp_replace", &[&sql, &text(what), &text(r"\\ufffd"), &text("g")]));
    case_when(&op(&json, "~", &text(SUSPICIOUS)), &cast(&replaced, "json"), document)
}

fn scalar_json(value: &Scalar) -> String {
    match value {
        Scalar::Bool(value) => value.to_string(),
        Scalar::Integer(value) => value.to_string(),
        Scalar::Text(value) => serde_json::Value::from(value.as_str()).to_string(),
    }
}

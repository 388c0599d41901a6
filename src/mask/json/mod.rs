//! Values inside JSON. A string or a number at the end of a path becomes what its mask makes of its
//! text, a string; an object or an array there becomes null; `null`, `true` and `false` stay. What has no
//! such path stays as it is.
//!
//! Paths that name every step go without a subquery (`single`); `..` and `*` need one that walks through
//! the document (`walk`, by the table of `ways`). The shape of a whole document (`shape`) needs none.

mod path_automaton;
mod shape;
mod single;
mod walk;

use super::compile::{self, kept};
use super::output::{Distinct, MaskInput, MaskOutput};
use super::refusal::Why;
use super::rule::{Path, Rule};
use super::sql::{call, cast, choose, op, text};
use super::type_kind::TypeKind;
use crate::config::mask::Scalar;

/// Masks by path.
pub(super) fn make(paths: &[(Path, Rule)], site: &MaskInput<'_>) -> Result<MaskOutput, Why> {
    must_be_json(site)?;
    if paths.iter().all(|(path, _)| path.is_single()) {
        return Ok(MaskOutput::value(single::make(paths, site)?, Distinct::No));
    }
    Ok(MaskOutput { subquery: true, ..MaskOutput::value(walk::make(paths, site)?, Distinct::No) })
}

/// The shape of all values.
pub(super) fn shape(site: &MaskInput<'_>) -> Result<MaskOutput, Why> {
    must_be_json(site)?;
    Ok(MaskOutput::value(shape::make(&site.value), Distinct::No))
}

fn must_be_json(site: &MaskInput<'_>) -> Result<(), Why> {
    if matches!(site.kind, TypeKind::Json | TypeKind::Jsonb) { Ok(()) } else { Err(site.wrong_type("json or jsonb")) }
}

/// A value inside a document, in SQL.
struct Leaf<'a> {
    /// Its type, as `jsonb_typeof` says.
    kind: &'a str,
    /// A string or a number as text.
    text: &'a str,
    /// It as JSON.
    written: &'a str,
}

/// What a mask makes of a value inside a document, as text in JSON.
fn masked(rule: &Rule, leaf: &Leaf<'_>, site: &MaskInput<'_>) -> Result<String, Why> {
    let null = text("null");
    match rule {
        Rule::Null => Ok(null),
        Rule::Fixed(value) => Ok(text(&json_of(value))),
        rule => {
            let inner = MaskInput {
                column: site.column,
                value: leaf.text.to_owned(),
                kind: TypeKind::Text { ignores_case: false },
                room: usize::MAX,
                key: site.key,
            };
            let new = cast(&kept(&inner, &compile::make(rule, &inner)?.sql), "text");
            let new = cast(&call("to_json", &[&new]), "text");
            let is_value = format!("({} OR {})", is(leaf.kind, "string"), is(leaf.kind, "number"));
            let is_deep = format!("({} OR {})", is(leaf.kind, "object"), is(leaf.kind, "array"));
            Ok(format!("COALESCE({}, {null})", choose(&is_value, &new, &choose(&is_deep, &null, leaf.written))))
        }
    }
}

fn is(kind: &str, what: &str) -> String {
    op(kind, "=", &text(what))
}

/// Without what only `json` takes: half of a surrogate pair, and the character of number 0, which no
/// text has. Both become U+FFFD.
///
/// An escaped backslash is written as `\u005c` first: then every other backslash begins an escape.
fn readable(document: &str) -> String {
    const ODD: &str = r"\\u(0000|[dD][89a-fA-F])";
    const FIRST: &str = r"\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F][0-9a-fA-F]{2})";
    const SECOND: &str = r"(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}";
    let written = cast(document, "text");
    let plain = call("replace", &[&written, &text(r"\\"), &text(r"\u005c")]);
    let replaced = [FIRST, SECOND, r"\\u0000"]
        .iter()
        .fold(plain, |sql, what| call("regexp_replace", &[&sql, &text(what), &text(r"\\ufffd"), &text("g")]));
    choose(&op(&written, "~", &text(ODD)), &cast(&replaced, "json"), document)
}

fn json_of(value: &Scalar) -> String {
    match value {
        Scalar::Bool(value) => value.to_string(),
        Scalar::Integer(value) => value.to_string(),
        Scalar::Text(value) => serde_json::Value::from(value.as_str()).to_string(),
    }
}

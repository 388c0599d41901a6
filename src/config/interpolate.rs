//! Interpolation of `${NAME}` in values. It runs after parsing, so that the value of a variable cannot change the
//! structure of the file, and all unset variables are reported at once. Interpolated text is never shown.

use std::ops::Range;

use super::diagnostics::Diagnostics;
use super::tree::{Node, NodeKind};

/// Returns the value of an environment variable, or `None` if it is not set.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Replaces every `${NAME}` in the values of a tree, and `$${` by `${`. A value that cannot be interpolated is reported
/// and becomes invalid.
pub fn interpolate(diagnostics: &Diagnostics, node: &mut Node, environment: Environment<'_>) {
    match &mut node.kind {
        NodeKind::List(items) => items.iter_mut().for_each(|item| interpolate(diagnostics, item, environment)),
        NodeKind::Map(entries) => {
            for entry in entries {
                if entry.key.contains("${") {
                    let title = format!("the key `{}` contains an environment variable", entry.key);
                    let help = "write the key literally: `${NAME}` is for values only";
                    diagnostics.report(entry.key_span.clone(), title, help);
                }
                interpolate(diagnostics, &mut entry.value, environment);
            }
        }
        NodeKind::Text(text) if text.contains("${") => {
            node.kind = interpolated(diagnostics, text, &node.span, environment);
        }
        _ => {}
    }
}

fn interpolated(diagnostics: &Diagnostics, text: &str, span: &Range<usize>, environment: Environment<'_>) -> NodeKind {
    let (mut value, mut remaining) = (String::with_capacity(text.len()), text);
    let (mut has_variables, mut is_invalid) = (false, false);
    while let Some(start) = remaining.find("${") {
        let (before, reference) = remaining.split_at(start);
        if let Some(before) = before.strip_suffix('$') {
            value += before;
            value += "${";
            remaining = &reference[2..];
            continue;
        }
        value += before;
        let name = reference[2..].split('}').next().unwrap_or_default();
        let is_closed = reference[2 + name.len()..].starts_with('}');
        let reference = &reference[..2 + name.len() + usize::from(is_closed)];
        let complaint = match (is_closed && is_variable(name)).then(|| environment(name)) {
            Some(Some(found)) if !found.is_empty() => {
                value += &found;
                None
            }
            Some(found) => {
                let state = if found.is_some() { "empty" } else { "not set" };
                let help = format!("set {name}, or write the value here; write `$${{` for a literal `${{`");
                Some((format!("the environment variable {name} is {state}"), help))
            }
            None => {
                let help = "write `${NAME}` with letters, digits and `_`; write `$${` for a literal `${`";
                // The text may be part of a secret, so the message does not repeat it.
                Some(("the reference does not name an environment variable".to_owned(), help.to_owned()))
            }
        };
        if let Some((title, help)) = complaint {
            diagnostics.report(span_within(diagnostics, span, reference), title, help);
            is_invalid = true;
        }
        has_variables = true;
        remaining = &remaining[start + reference.len()..];
    }
    value += remaining;
    match (is_invalid, has_variables) {
        (true, _) => NodeKind::Invalid,
        (false, true) => NodeKind::Interpolated(value),
        (false, false) => NodeKind::Text(value),
    }
}

/// Whether a text is a valid name of an environment variable in every shell.
pub fn is_variable(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_')
}

/// Returns the span of a part of a value, or of the whole value if quoting with escapes makes the part unfindable.
fn span_within(diagnostics: &Diagnostics, span: &Range<usize>, part: &str) -> Range<usize> {
    match diagnostics.text[span.clone()].find(part) {
        Some(start) => span.start + start..span.start + start + part.len(),
        None => span.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::tree::parse;

    fn environment(name: &str) -> Option<String> {
        match name {
            "A" => Some("alpha: [1".into()),
            "EMPTY" => Some(String::new()),
            _ => None,
        }
    }

    fn value(text: &str) -> (NodeKind, Vec<String>) {
        let diagnostics = Diagnostics::new("f", text);
        let mut root = parse(&diagnostics).unwrap();
        interpolate(&diagnostics, &mut root, &environment);
        let complaints =
            diagnostics.into_complaints().iter().map(|c| format!("{}:{} {}", c.line(), c.column(), c.title)).collect();
        (root.entry("k").unwrap().value.kind.clone(), complaints)
    }

    #[test]
    fn a_variable_is_always_text() {
        for (text, kind) in [
            ("k: ${A}", NodeKind::Interpolated("alpha: [1".into())),
            ("k: \"<${A}|${A}>\"", NodeKind::Interpolated("<alpha: [1|alpha: [1>".into())),
            ("k: 'cost $${A} $5 $$'", NodeKind::Text("cost ${A} $5 $$".into())),
            ("k: $${A} ${A}", NodeKind::Interpolated("${A} alpha: [1".into())),
            ("k: $A", NodeKind::Text("$A".into())),
        ] {
            assert_eq!(value(text), (kind, vec![]), "{text}");
        }
    }

    #[test]
    fn all_missing_variables_are_reported() {
        let (kind, complaints) = value("k: 값 ${NO} ${A} ${EMPTY} ${NO-x} ${open");
        assert_eq!(kind, NodeKind::Invalid);
        assert_eq!(
            complaints,
            [
                "1:6 the environment variable NO is not set",
                "1:17 the environment variable EMPTY is empty",
                "1:26 the reference does not name an environment variable",
                "1:34 the reference does not name an environment variable",
            ]
        );
        assert_eq!(value("k: 1\n${A}: 2").1, ["2:1 the key `${A}` contains an environment variable"]);
    }
}

//! `${NAME}` in values, replaced by the environment after parsing: a variable's value cannot change
//! the structure of the file, and all unset ones are named at once. What was filled in is never shown.

use std::ops::Range;

use super::diagnostics::Page;
use super::tree::{Kind, Node};

/// Looks a variable up.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Replaces every `${NAME}` in the values of a tree, and `$${` by `${`. A value that cannot be filled
/// is complained about and broken.
pub fn fill(page: &Page, node: &mut Node, environment: Environment<'_>) {
    match &mut node.kind {
        Kind::List(items) => items.iter_mut().for_each(|item| fill(page, item, environment)),
        Kind::Map(entries) => {
            for entry in entries {
                if entry.key.contains("${") {
                    let title = format!("the key `{}` cannot come from the environment", entry.key);
                    page.complain(entry.key_span.clone(), title, None, "write it out: `${NAME}` is for values only");
                }
                fill(page, &mut entry.value, environment);
            }
        }
        Kind::Text(text) if text.contains("${") => node.kind = filled(page, text, &node.span, environment),
        _ => {}
    }
}

fn filled(page: &Page, text: &str, span: &Range<usize>, environment: Environment<'_>) -> Kind {
    let (mut value, mut rest) = (String::with_capacity(text.len()), text);
    let (mut from_environment, mut broken) = (false, false);
    while let Some(at) = rest.find("${") {
        let (before, reference) = rest.split_at(at);
        if let Some(before) = before.strip_suffix('$') {
            value += before;
            value += "${";
            rest = &reference[2..];
            continue;
        }
        value += before;
        let name = reference[2..].split('}').next().unwrap_or_default();
        let closed = reference[2 + name.len()..].starts_with('}');
        let written = &reference[..2 + name.len() + usize::from(closed)];
        match (closed && is_variable(name)).then(|| environment(name)) {
            Some(Some(found)) if !found.is_empty() => value += &found,
            Some(found) => {
                let state = if found.is_some() { "empty" } else { "not set" };
                let help = format!("set {name}, or write the value here; a literal `${{` is written `$${{`");
                let title = format!("the environment variable {name} is {state}");
                page.complain(within(page, span, written), title, None, help);
                broken = true;
            }
            None => {
                let help = "write `${NAME}` with letters, digits and `_`; a literal `${` is written `$${`";
                page.complain(within(page, span, written), "this names no environment variable", None, help);
                broken = true;
            }
        }
        from_environment = true;
        rest = &reference[written.len()..];
    }
    value += rest;
    match (broken, from_environment) {
        (true, _) => Kind::Broken,
        (false, true) => Kind::Filled(value),
        (false, false) => Kind::Text(value),
    }
}

/// Whether something can be an environment variable's name in every shell.
pub fn is_variable(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_')
}

fn within(page: &Page, span: &Range<usize>, part: &str) -> Range<usize> {
    match page.text[span.clone()].find(part) {
        Some(at) => span.start + at..span.start + at + part.len(),
        // Escapes in the quotes around it: the whole value will do.
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

    fn value(text: &str) -> (Kind, Vec<String>) {
        let page = Page::new("f", text);
        let mut root = parse(&page).unwrap();
        fill(&page, &mut root, &environment);
        let said = page.into_complaints().iter().map(|c| format!("{}:{} {}", c.line(), c.column(), c.title)).collect();
        (root.entry("k").unwrap().value.kind.clone(), said)
    }

    #[test]
    fn a_variable_is_text_and_nothing_else() {
        for (text, kind) in [
            ("k: ${A}", Kind::Filled("alpha: [1".into())),
            ("k: \"<${A}|${A}>\"", Kind::Filled("<alpha: [1|alpha: [1>".into())),
            ("k: 'cost $${A} $5 $$'", Kind::Text("cost ${A} $5 $$".into())),
            ("k: $${A} ${A}", Kind::Filled("${A} alpha: [1".into())),
            ("k: $A", Kind::Text("$A".into())),
        ] {
            assert_eq!(value(text), (kind, vec![]), "{text}");
        }
    }

    #[test]
    fn all_that_are_missing_are_named_at_their_places() {
        let (kind, said) = value("k: 값 ${NO} ${A} ${EMPTY} ${NO-x} ${open");
        assert_eq!(kind, Kind::Broken);
        assert_eq!(
            said,
            [
                "1:6 the environment variable NO is not set",
                "1:17 the environment variable EMPTY is empty",
                "1:26 this names no environment variable",
                "1:34 this names no environment variable",
            ]
        );
        assert_eq!(value("k: 1\n${A}: 2").1, ["2:1 the key `${A}` cannot come from the environment"]);
    }
}

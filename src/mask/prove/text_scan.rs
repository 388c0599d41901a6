//! Textual analysis of conditions and index expressions, for what the parser does not support.

use crate::pg::catalog::IndexKey;

/// Whether a condition depends only on whether the column is NULL or empty, which masks preserve.
pub(super) fn keeps_nullness(part: &str, name: &str) -> bool {
    let part = normalized(part);
    let tests = ["IS NOT NULL", "IS NULL", "<> ''", "= ''"];
    tests.iter().any(|test| part.strip_suffix(test).is_some_and(|left| is_name(&normalized(left), name)))
}

/// The condition with the tests of a column for NULL replaced.
pub(super) fn without_null_tests(condition: &str, name: &str) -> String {
    let mut text = condition.to_owned();
    for spelling in [name.to_owned(), crate::pg::identifier(name)] {
        for test in ["IS NOT NULL", "IS NULL"] {
            text = text.replace(&format!("({spelling} {test})"), "true");
        }
    }
    text
}

/// Operands of AND at the top level.
pub(super) fn conjuncts(condition: &str) -> Vec<String> {
    let condition = unwrapped(condition.trim());
    let (mut depth, mut quoted, mut from) = (0_i32, false, 0);
    let mut parts = Vec::new();
    for (at, c) in condition.char_indices() {
        match c {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            ' ' if !quoted && depth == 0 && condition[at..].starts_with(" AND ") => {
                parts.push(condition[from..at].to_owned());
                from = at + " AND ".len();
            }
            _ => {}
        }
    }
    parts.push(condition[from..].to_owned());
    if parts.len() == 1 { parts } else { parts.iter().flat_map(|part| conjuncts(part)).collect() }
}

/// The text without casts that do not change the comparison, which the server writes everywhere, and without the
/// parentheses around the whole.
pub(super) fn normalized(text: &str) -> String {
    let mut text = text.to_owned();
    for cast in ["::character varying", "::text", "::bpchar", "::integer", "::bigint", "::citext"] {
        text = text.replace(cast, "");
    }
    // `(name)`, unless a function precedes it.
    loop {
        let inner = unwrapped(text.trim()).to_owned();
        let bare = strip_inner(&inner);
        if bare == text {
            return bare;
        }
        text = bare;
    }
}

/// `(x) <= 3` is `x <= 3`; `f((x))` is `f(x)`.
fn strip_inner(text: &str) -> String {
    let mut out = text.to_owned();
    let mut from = 0;
    while let Some(open) = out[from..].find('(').map(|at| at + from) {
        let after_name = out[..open].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '"');
        let close = out[open..].find(')').map(|at| at + open);
        let inner = close.map(|close| out[open + 1..close].to_owned());
        match (inner, close) {
            (Some(inner), Some(close)) if !after_name && !inner.contains(['(', ' ', ',', '\'']) => {
                out.replace_range(open..=close, &inner);
            }
            _ => from = open + 1,
        }
    }
    out
}

/// The text without parentheses around the whole.
fn unwrapped(text: &str) -> &str {
    let Some(inner) = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) else { return text };
    let (mut depth, mut quoted) = (0_i32, false);
    for c in inner.chars() {
        match c {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            _ => {}
        }
        if depth < 0 {
            return text;
        }
    }
    unwrapped(inner.trim())
}

/// Whether a text is a name, quoted or unquoted.
pub(super) fn is_name(text: &str, name: &str) -> bool {
    text.trim() == name || text.trim() == crate::pg::identifier(name)
}

/// Whether a name occurs in a text as a word. A word inside a string counts too, which only causes more refusals.
pub(super) fn has_name(text: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    text.match_indices(name)
        .any(|(at, _)| !text[..at].ends_with(is_part) && !text[at + name.len()..].starts_with(is_part))
        || text.contains(&crate::pg::identifier(name))
}

/// Whether an index key mentions a column.
pub(super) fn mentions(key: &IndexKey, name: &str) -> bool {
    match key {
        IndexKey::Column(column) => column == name,
        IndexKey::Expression(expression) => has_name(expression, name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_split() {
        assert_eq!(
            conjuncts("((a > 0) AND ((b <> ''::text) AND (c IS NULL)))"),
            ["a > 0", "b <> ''::text", "c IS NULL"]
        );
        assert_eq!(conjuncts("((a = ' AND ') OR (b AND c))").len(), 1);
        assert_eq!(normalized("((email)::text ~~ '%@%'::text)"), "email ~~ '%@%'");
        assert_eq!(normalized("(char_length((email)::text) <= 320)"), "char_length(email) <= 320");
    }

    #[test]
    fn a_name_is_found_as_a_word_only() {
        assert!(has_name("(email IS NULL)", "email") && has_name("lower(\"e mail\")", "e mail"));
        assert!(!has_name("(email2 IS NULL) AND my_email > 0", "email"));
    }
}

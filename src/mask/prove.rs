//! A mask's promises held against a column's constraints. What is not proved is refused: PostgreSQL
//! would find it too, but an hour later and with half of the tables done.

use crate::pg::catalog::{Check, Column, IndexKey, Unique};

use super::made::{Distinct, Kind, Length, Made};
use super::refusal::Why;

/// NULL in every row.
pub(super) fn null(column: &Column) -> Result<(), Why> {
    if column.not_null {
        return Err(Why::NotNull);
    }
    for unique in &column.unique {
        let own_key = unique.keys.iter().any(|key| mentions(key, &column.name));
        let null_is_apart = own_key && !unique.nulls_not_distinct && !unique.exclusion;
        if unique.nulls_not_distinct && own_key {
            return Err(Why::NotUnique { index: unique.name.clone() });
        }
        if let Some(predicate) = unique.predicate.as_ref().filter(|text| has_name(text, &column.name)) {
            // Rows may come under the index that were not.
            if !null_is_apart {
                return Err(Why::Index { index: unique.name.clone(), expression: predicate.clone() });
            }
        }
    }
    // A check that mentions nothing but this column is not false for NULL, unless it asks for NULL.
    let refused = column.checks.iter().find(|check| {
        let others = column.siblings.keys().any(|name| *name != column.name && has_name(&check.definition, name));
        others
            || check.definition.to_uppercase().contains("NULL")
            || check.definition.to_uppercase().contains("COALESCE")
    });
    refused.map_or(Ok(()), |check| Err(unproved(check)))
}

/// The outputs of a mask.
pub(super) fn values(column: &Column, made: &Made) -> Result<(), Why> {
    if let (Some(room), Length::Most(needed)) = (column.longest, made.longest)
        && needed > room
    {
        return Err(Why::TooLong { needed, room });
    }
    column.unique.iter().try_for_each(|unique| keeps_unique(column, made, unique))?;
    match column.checks.iter().find(|check| !keeps_check(column, made, check)) {
        Some(check) => Err(unproved(check)),
        None => Ok(()),
    }
}

fn unproved(check: &Check) -> Why {
    Why::Check { constraint: check.name.clone(), definition: check.definition.clone() }
}

fn keeps_unique(column: &Column, made: &Made, unique: &Unique) -> Result<(), Why> {
    let unproved = |expression: &str| Why::Index { index: unique.name.clone(), expression: expression.to_owned() };
    let concerned: Vec<&IndexKey> = unique.keys.iter().filter(|key| mentions(key, &column.name)).collect();
    if let Some(predicate) = unique.predicate.as_ref().filter(|text| has_name(text, &column.name)) {
        // NULL and the empty string are kept, so these conditions hold for the same rows as before.
        let same =
            conjuncts(predicate).iter().all(|part| !has_name(part, &column.name) || keeps_nullness(part, &column.name));
        if !same {
            return Err(unproved(predicate));
        }
    }
    if concerned.is_empty() {
        return Ok(());
    }
    if unique.exclusion {
        return Err(unproved("an exclusion constraint"));
    }
    if made.distinct == Distinct::No {
        return Err(Why::NotUnique { index: unique.name.clone() });
    }
    for key in concerned {
        if let IndexKey::Expression(expression) = key
            && !(made.plain && keeps_plain_apart(expression, &column.name))
        {
            return Err(unproved(expression));
        }
    }
    Ok(())
}

/// Functions of one argument under which plain texts stay different.
fn keeps_plain_apart(expression: &str, name: &str) -> bool {
    let mut rest = normal(expression);
    for _ in 0..4 {
        if is_name(&rest, name) {
            return true;
        }
        let inner = ["lower", "upper", "btrim", "ltrim", "rtrim", "md5"]
            .iter()
            .find_map(|function| rest.strip_prefix(function)?.strip_prefix('(')?.strip_suffix(')'));
        match inner {
            Some(inner) => rest = normal(inner),
            None => return false,
        }
    }
    false
}

fn keeps_check(column: &Column, made: &Made, check: &Check) -> bool {
    let name = if check.of_domain { "VALUE" } else { column.name.as_str() };
    let definition = check.definition.trim_end_matches(" NOT VALID").trim_end_matches(" NO INHERIT");
    let Some(condition) = definition.strip_prefix("CHECK ") else { return false };
    // All that it says of this column is whether it is NULL, however that is combined with others.
    let without_nullness = without_null_tests(condition, name);
    if !has_name(&without_nullness, name) {
        return true;
    }
    conjuncts(condition)
        .iter()
        .all(|part| !has_name(part, name) || keeps_nullness(part, name) || holds(column, made, part, name))
}

/// One comparison that is proved by what a mask promises.
fn holds(column: &Column, made: &Made, part: &str, name: &str) -> bool {
    // Casts and parentheses are taken away below; inside a string they are letters.
    let mut strings = part.split('\'').skip(1).step_by(2);
    if strings.any(|string| string.contains("::") || string.contains('(')) {
        return false;
    }
    let part = normal(part);
    let Some((left, operator, right)) = comparison(&part) else { return false };
    let length_of = ["char_length", "length", "character_length"]
        .iter()
        .find_map(|function| left.strip_prefix(function)?.strip_prefix('(')?.strip_suffix(')'));
    if let (Some(inner), Ok(bound)) = (length_of, right.parse::<usize>()) {
        let most = match made.longest {
            Length::Most(most) => Some(most),
            Length::Input | Length::Same => None,
        };
        // The empty string is kept, so if it is there the check holds for it already.
        return is_name(&normal(inner), name)
            && Kind::of(&column.base).is_text()
            && !column.array
            && match operator {
                _ if made.longest == Length::Same => true,
                "<=" => most.is_none_or(|most| most <= bound),
                "<" => most.is_none_or(|most| most < bound),
                ">=" => made.shortest >= bound,
                ">" => made.shortest > bound,
                _ => false,
            };
    }
    if !is_name(&left, name) {
        return false;
    }
    let quoted = right.strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
    match (operator, quoted, right.parse::<i64>()) {
        ("<>", Some(""), _) => true,
        ("~~", Some(pattern), _) => {
            let middle = pattern.trim_matches('%');
            let around = pattern.len() > middle.len() + 1 && pattern.starts_with('%') && pattern.ends_with('%');
            around && !middle.is_empty() && !middle.contains(['%', '_', '\\']) && made.always.contains(middle)
        }
        (">", None, Ok(0)) | (">=", None, Ok(0 | 1)) => made.keeps_sign,
        _ => false,
    }
}

/// `left operator right`, with casts taken away.
fn comparison(part: &str) -> Option<(String, &str, String)> {
    ["<=", ">=", "<>", "~~", "<", ">"].into_iter().find_map(|operator| {
        let (left, right) = part.split_once(&format!(" {operator} "))?;
        Some((normal(left), operator, normal(right)))
    })
}

fn keeps_nullness(part: &str, name: &str) -> bool {
    let part = normal(part);
    let tests = ["IS NOT NULL", "IS NULL", "<> ''", "= ''"];
    tests.iter().any(|test| part.strip_suffix(test).is_some_and(|left| is_name(&normal(left), name)))
}

fn without_null_tests(condition: &str, name: &str) -> String {
    let mut text = condition.to_owned();
    for spelling in [name.to_owned(), crate::pg::identifier(name)] {
        for test in ["IS NOT NULL", "IS NULL"] {
            text = text.replace(&format!("({spelling} {test})"), "true");
        }
    }
    text
}

/// Parts joined by AND at the top.
fn conjuncts(condition: &str) -> Vec<String> {
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

/// Without casts between the types of text, which the server writes everywhere, and without the
/// parentheses around the whole.
fn normal(text: &str) -> String {
    let mut text = text.to_owned();
    for cast in ["::character varying", "::text", "::bpchar", "::integer", "::bigint", "::citext"] {
        text = text.replace(cast, "");
    }
    // `(name)` without a function before it.
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

/// Without parentheses that hold the whole.
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

fn is_name(text: &str, name: &str) -> bool {
    text.trim() == name || text.trim() == crate::pg::identifier(name)
}

/// Whether a name stands in a text as a word. A word inside a string counts: that only refuses more.
fn has_name(text: &str, name: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    text.match_indices(name)
        .any(|(at, _)| !text[..at].ends_with(is_part) && !text[at + name.len()..].starts_with(is_part))
        || text.contains(&crate::pg::identifier(name))
}

fn mentions(key: &IndexKey, name: &str) -> bool {
    match key {
        IndexKey::Column(column) => column == name,
        IndexKey::Expression(expression) => has_name(expression, name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_taken_apart() {
        assert_eq!(
            conjuncts("((a > 0) AND ((b <> ''::text) AND (c IS NULL)))"),
            ["a > 0", "b <> ''::text", "c IS NULL"]
        );
        assert_eq!(conjuncts("((a = ' AND ') OR (b AND c))").len(), 1);
        assert_eq!(normal("((email)::text ~~ '%@%'::text)"), "email ~~ '%@%'");
        assert_eq!(normal("(char_length((email)::text) <= 320)"), "char_length(email) <= 320");
    }

    #[test]
    fn expressions_that_keep_plain_texts_apart_are_known() {
        for expression in ["lower(email)", "lower((email)::text)", "lower(btrim((email)::text))", "\"email\""] {
            assert!(keeps_plain_apart(expression, "email"), "{expression}");
        }
        for expression in
            ["\"left\"(email, 3)", "lower(other)", "lower(email || other)", "split_part(email, '@'::text, 1)"]
        {
            assert!(!keeps_plain_apart(expression, "email"), "{expression}");
        }
    }

    #[test]
    fn a_name_is_found_as_a_word_only() {
        assert!(has_name("(email IS NULL)", "email") && has_name("lower(\"e mail\")", "e mail"));
        assert!(!has_name("(email2 IS NULL) AND my_email > 0", "email"));
    }
}

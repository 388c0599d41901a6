//! Whether what a mask makes stays unique.

use crate::pg::catalog::{Column, IndexKey, Unique};

use super::super::output::{Distinct, MaskOutput};
use super::super::refusal::Why;
use super::text_scan::{conjuncts, has_name, is_name, keeps_nullness, mentions, normal};

/// Whether the mask keeps what an index compares apart.
pub(super) fn keeps(column: &Column, made: &MaskOutput, unique: &Unique) -> Result<(), Why> {
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

#[cfg(test)]
mod tests {
    use super::*;

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
}

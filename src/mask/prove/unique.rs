//! Unique indexes: whether the outputs of a mask stay unique.

use crate::pg::catalog::{Column, IndexKey, Unique};

use super::super::output::{Distinct, MaskOutput};
use super::super::refusal::RefusalReason;
use super::text_scan::{conjuncts, has_name, is_name, keeps_nullness, mentions, normalized};

/// Verifies that the mask keeps different index keys different.
pub(super) fn keeps(column: &Column, output: &MaskOutput, unique: &Unique) -> Result<(), RefusalReason> {
    let unproved =
        |expression: &str| RefusalReason::Index { index: unique.name.clone(), expression: expression.to_owned() };
    let relevant: Vec<&IndexKey> = unique.keys.iter().filter(|key| mentions(key, &column.name)).collect();
    if let Some(predicate) = unique.predicate.as_ref().filter(|text| has_name(text, &column.name)) {
        // Masks preserve NULL and the empty string, so these conditions hold for the same rows as before.
        let same_rows =
            conjuncts(predicate).iter().all(|part| !has_name(part, &column.name) || keeps_nullness(part, &column.name));
        if !same_rows {
            return Err(unproved(predicate));
        }
    }
    if relevant.is_empty() {
        return Ok(());
    }
    if unique.exclusion {
        return Err(unproved("an exclusion constraint"));
    }
    if output.distinct == Distinct::No {
        return Err(RefusalReason::NotUnique { index: unique.name.clone() });
    }
    for key in relevant {
        if let IndexKey::Expression(expression) = key
            && !(output.plain && keeps_plain_texts_distinct(expression, &column.name))
        {
            return Err(unproved(expression));
        }
    }
    Ok(())
}

/// Whether an expression nests only functions that keep different plain texts different.
fn keeps_plain_texts_distinct(expression: &str, name: &str) -> bool {
    let mut rest = normalized(expression);
    for _ in 0..4 {
        if is_name(&rest, name) {
            return true;
        }
        let inner = ["lower", "upper", "btrim", "ltrim", "rtrim", "md5"]
            .iter()
            .find_map(|function| rest.strip_prefix(function)?.strip_prefix('(')?.strip_suffix(')'));
        match inner {
            Some(inner) => rest = normalized(inner),
            None => return false,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_that_keep_plain_texts_distinct_are_known() {
        for expression in ["lower(email)", "lower((email)::text)", "lower(btrim((email)::text))", "\"email\""] {
            assert!(keeps_plain_texts_distinct(expression, "email"), "{expression}");
        }
        for expression in
            ["\"left\"(email, 3)", "lower(other)", "lower(email || other)", "split_part(email, '@'::text, 1)"]
        {
            assert!(!keeps_plain_texts_distinct(expression, "email"), "{expression}");
        }
    }
}

//! Paths without `..` and `*`: one `jsonb_set` per path, without a subquery.

use super::super::refusal::RefusalReason;
use super::super::rule::{Path, PathStep, Rule};
use super::super::sql::{call, case_when, cast, is_null, op, text};
use super::super::type_kind::TypeKind;
use super::leaf::{Leaf, LeafMasker, is_kind, without_invalid_escapes};

pub(super) fn make(paths: &[(Path, Rule)], masker: &LeafMasker<'_>) -> Result<String, RefusalReason> {
    let input = masker.document;
    let valid = if input.kind == TypeKind::Json { without_invalid_escapes(&input.value) } else { input.value.clone() };
    let document = cast(&valid, "jsonb");
    let mut masked = document.clone();
    for (path, rule) in paths {
        let steps = steps(path);
        let old = op(&document, "#>", &steps);
        let leaf = Leaf {
            kind: &call("jsonb_typeof", &[&old]),
            text: &op(&document, "#>>", &steps),
            json: &cast(&old, "text"),
        };
        let new = cast(&masker.masked(rule, &leaf)?, "jsonb");
        // An empty path changes nothing; a path through a value of another kind would be an error.
        let target = case_when(&is_null(&old), "'{}'::pg_catalog.text[]", &steps);
        masked = call("jsonb_set", &[&masked, &target, &new, "false"]);
    }
    let kind = call("jsonb_typeof", &[&document]);
    let is_tree = format!("({} OR {})", is_kind(&kind, "object"), is_kind(&kind, "array"));
    Ok(case_when(&is_tree, &masked, &document))
}

fn steps(path: &Path) -> String {
    let steps: Vec<String> = path
        .0
        .iter()
        .filter_map(|step| match step {
            PathStep::Key(key) => Some(text(key)),
            PathStep::Index(position) => Some(text(&position.to_string())),
            PathStep::Any | PathStep::Descend => None,
        })
        .collect();
    format!("ARRAY[{}]", steps.join(", "))
}

//! Paths that name every step: `jsonb_set` one after the other, without a subquery.

use super::super::output::MaskInput;
use super::super::refusal::Why;
use super::super::rule::{Path, Rule, Step};
use super::super::sql::{call, cast, choose, is_null, op, text};
use super::super::type_kind::TypeKind;
use super::{Leaf, is, masked, readable};

pub(super) fn make(paths: &[(Path, Rule)], site: &MaskInput<'_>) -> Result<String, Why> {
    let readable = if site.kind == TypeKind::Json { readable(&site.value) } else { site.value.clone() };
    let document = cast(&readable, "jsonb");
    let mut changed = document.clone();
    for (path, rule) in paths {
        let steps = steps(path);
        let old = op(&document, "#>", &steps);
        let leaf = Leaf {
            kind: &call("jsonb_typeof", &[&old]),
            text: &op(&document, "#>>", &steps),
            written: &cast(&old, "text"),
        };
        let new = cast(&masked(rule, &leaf, site)?, "jsonb");
        // An empty path changes nothing; a path that leads through something of another kind is an error.
        let there = choose(&is_null(&old), "'{}'::pg_catalog.text[]", &steps);
        changed = call("jsonb_set", &[&changed, &there, &new, "false"]);
    }
    let kind = call("jsonb_typeof", &[&document]);
    let is_tree = format!("({} OR {})", is(&kind, "object"), is(&kind, "array"));
    Ok(choose(&is_tree, &changed, &document))
}

fn steps(path: &Path) -> String {
    let steps: Vec<String> = path
        .0
        .iter()
        .filter_map(|step| match step {
            Step::Key(key) => Some(text(key)),
            Step::Index(position) => Some(text(&position.to_string())),
            Step::Each | Step::Deep => None,
        })
        .collect();
    format!("ARRAY[{}]", steps.join(", "))
}

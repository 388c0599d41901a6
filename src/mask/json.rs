//! Values inside JSON, by path. A string or a number at the end of a path becomes what its mask makes of
//! its text, a string; an object or an array there becomes null; `null`, `true` and `false` stay. What
//! has no such path stays as it is.

use super::compile::{self, kept};
use super::made::{Distinct, Kind, Made, Site};
use super::refusal::Why;
use super::rule::{Path, Rule, Step};
use super::sql::{call, cast, choose, op, text};
use crate::config::mask::Scalar;

fn inside(document: &str, paths: &[(Path, Rule)], site: &Site<'_>) -> Result<String, Why> {
    let mut changed = document.to_owned();
    for (path, rule) in paths {
        let steps = steps(path);
        let old = op(document, "#>", &steps);
        let inner = Site {
            column: site.column,
            value: op(document, "#>>", &steps),
            kind: Kind::Text { ignores_case: false },
            room: usize::MAX,
            key: site.key,
        };
        let null = cast("'null'", "jsonb");
        let is = |kind: &str| op(&call("jsonb_typeof", &[&old]), "=", &text(kind));
        let new = match rule {
            Rule::Null => null.clone(),
            Rule::Fixed(value) => cast(&text(&json_of(value)), "jsonb"),
            rule => {
                let masked = call("to_jsonb", &[&cast(&kept(&inner, &compile::make(rule, &inner)?.sql), "text")]);
                let is_value = format!("({} OR {})", is("string"), is("number"));
                let is_deep = format!("({} OR {})", is("object"), is("array"));
                let new = choose(&is_value, &masked, &choose(&is_deep, &null, &old));
                format!("COALESCE({new}, {null})")
            }
        };
        // An empty path changes nothing; a path that leads through something of another kind is an error.
        let there = choose(&format!("{old} IS NULL"), "'{}'::pg_catalog.text[]", &steps);
        changed = call("jsonb_set", &[&changed, &there, &new, "false"]);
    }
    let is_tree = format!(
        "({kind} OPERATOR(pg_catalog.=) 'object'::pg_catalog.text OR {kind} OPERATOR(pg_catalog.=) 'array'::pg_catalog.text)",
        kind = call("jsonb_typeof", &[document])
    );
    Ok(choose(&is_tree, &changed, document))
}

pub(super) fn make(paths: &[(Path, Rule)], site: &Site<'_>) -> Result<Made, Why> {
    if !matches!(site.kind, Kind::Json | Kind::Jsonb) {
        return Err(site.wrong_type("json or jsonb"));
    }
    let document = cast(&site.value, "jsonb");
    Ok(Made::value(inside(&document, paths, site)?, Distinct::No))
}

fn steps(path: &Path) -> String {
    let steps: Vec<String> = path
        .0
        .iter()
        .map(|step| match step {
            Step::Key(key) => text(key),
            Step::Index(position) => text(&position.to_string()),
        })
        .collect();
    format!("ARRAY[{}]", steps.join(", "))
}

fn json_of(value: &Scalar) -> String {
    match value {
        Scalar::Bool(value) => value.to_string(),
        Scalar::Integer(value) => value.to_string(),
        Scalar::Text(value) => serde_json::Value::from(value.as_str()).to_string(),
    }
}

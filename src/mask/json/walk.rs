//! Paths with `..` and `*`: the document is taken apart level by level by a recursive query, as far as a
//! path may still lead somewhere, and written anew. `json` keeps the order of its keys, and keys that
//! it has twice; all but the space between values stays to the letter.

use super::super::output::MaskInput;
use super::super::refusal::Why;
use super::super::rule::{Path, Rule};
use super::super::sql::{call, cast, constants, op, text};
use super::super::type_kind::TypeKind;
use super::path_automaton::Ways;
use super::{Leaf, masked, readable};

pub(super) fn make(paths: &[(Path, Rule)], site: &MaskInput<'_>) -> Result<String, Why> {
    let ways = Ways::of(paths).ok_or(Why::Paths)?;
    let (kind, prefix, document) = match site.kind {
        TypeKind::Json => ("json", "json", readable(&site.value)),
        _ => ("jsonb", "jsonb", site.value.clone()),
    };
    let of_kind = |function: &str| format!("{prefix}_{function}");
    let leaf = Leaf {
        kind: "devdb_kind",
        text: &op("devdb_value", "#>>", "'{}'::pg_catalog.text[]"),
        written: &cast("devdb_value", "text"),
    };
    let path_of_state: Vec<usize> = ways.ends.iter().map(|end| end.map_or(0, |path| path + 1)).collect();
    let mut value = String::from("CASE");
    for (number, (_, rule)) in paths.iter().enumerate() {
        let is_end = op(&number_at(&path_of_state, "devdb_state"), "=", &(number + 1).to_string());
        value += &format!(" WHEN {is_end} THEN {}", masked(rule, &leaf, site)?);
    }
    value += &format!(" ELSE {} END", leaf.written);

    let goes_on: Vec<usize> = ways.goes_on.iter().map(|goes_on| usize::from(*goes_on)).collect();
    let is_walked = op(&number_at(&goes_on, "devdb_state"), "=", "1");
    let is = |what: &str| op("devdb_kind", "=", &text(what));
    let (object, array) = (is("object"), is("array"));
    let comma = format!("CASE WHEN {} THEN ',' ELSE '' END", op("devdb_child.devdb_position", ">", "1"));
    let children = format!(
        "SELECT devdb_position, COALESCE({named}, 0) AS devdb_symbol, {name} AS devdb_name, devdb_value \
         FROM {each}(CASE WHEN {object} THEN devdb_node.devdb_value END) WITH ORDINALITY \
         AS devdb_member (devdb_key, devdb_value, devdb_position) \
         UNION ALL \
         SELECT devdb_position, COALESCE({placed}, {any}), ''::pg_catalog.text, devdb_value \
         FROM {elements}(CASE WHEN {array} THEN devdb_node.devdb_value END) WITH ORDINALITY \
         AS devdb_element (devdb_value, devdb_position)",
        named = call("array_position", &[&constants(&ways.keys), "devdb_key"]),
        name = op(&cast(&call("to_json", &["devdb_key"]), "text"), "||", &text(": ")),
        each = format_args!("pg_catalog.{}", of_kind("each")),
        placed =
            op(&call("array_position", &[&positions(&ways), "devdb_position"]), "+", &ways.any_position().to_string()),
        any = ways.any_position(),
        elements = format_args!("pg_catalog.{}", of_kind("array_elements")),
    );
    let all: Vec<usize> = ways.next.iter().flatten().copied().collect();
    let cell = op(&op("devdb_node.devdb_state", "*", &ways.symbols().to_string()), "+", "devdb_child.devdb_symbol");
    let kind_of = |value: &str| call(&of_kind("typeof"), &[value]);
    let begins = format!("CASE WHEN {object} THEN '{{' ELSE '[' END");
    let ends = format!("CASE WHEN {object} THEN '}}' ELSE ']' END");
    // Places are compared element by element, so an end comes after all that is inside.
    Ok(format!(
        "(WITH RECURSIVE devdb_node (devdb_place, devdb_state, devdb_name, devdb_value, devdb_kind) AS ( \
         SELECT '{{}}'::pg_catalog.int8[], 1, ''::pg_catalog.text, devdb_root.devdb_value, {root_kind} \
         FROM (SELECT {document} AS devdb_value) AS devdb_root \
         UNION ALL \
         SELECT {place}, {next}, {comma_name}, devdb_child.devdb_value, {child_kind} \
         FROM devdb_node CROSS JOIN LATERAL ({children}) AS devdb_child WHERE {is_walked}) \
         SELECT {joined} FROM ( \
         SELECT devdb_place, {opened} AS devdb_text FROM devdb_node \
         UNION ALL \
         SELECT {last_place}, {ends} FROM devdb_node WHERE {is_walked} AND ({object} OR {array})) AS devdb_piece)\
         ::pg_catalog.{kind}",
        root_kind = kind_of("devdb_root.devdb_value"),
        place = call("array_append", &["devdb_node.devdb_place", "devdb_child.devdb_position"]),
        next = number_at(&all, &cell),
        comma_name = op(&cast(&comma, "text"), "||", "devdb_child.devdb_name"),
        child_kind = kind_of("devdb_child.devdb_value"),
        joined = call("string_agg", &["devdb_text", "'' ORDER BY devdb_place"]),
        opened = op(
            "devdb_name",
            "||",
            &format!("CASE WHEN {is_walked} AND ({object} OR {array}) THEN {} ELSE {value} END", cast(&begins, "text"))
        ),
        last_place = call("array_append", &["devdb_place", "9223372036854775807"]),
    ))
}

/// A number of a constant list, by an index from 0.
fn number_at(list: &[usize], index: &str) -> String {
    let words: Vec<String> = list.iter().map(usize::to_string).collect();
    format!("('{{{}}}'::pg_catalog.int4[])[{}]", words.join(","), op("1", "+", index))
}

/// Positions as `WITH ORDINALITY` counts them, from 1.
fn positions(ways: &Ways<'_>) -> String {
    let counted: Vec<String> = ways.positions.iter().map(|position| (u64::from(*position) + 1).to_string()).collect();
    format!("'{{{}}}'::pg_catalog.int8[]", counted.join(","))
}

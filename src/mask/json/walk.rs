//! Paths with `..` and `*`: a recursive query takes the document apart level by level, as deep as a path can still
//! match, and the result is assembled anew. `json` keeps the order of its keys and duplicate keys; everything except
//! white space between values stays unchanged.

use super::super::refusal::RefusalReason;
use super::super::rule::{Path, Rule};
use super::super::sql::{call, cast, constants, op, text};
use super::super::type_kind::TypeKind;
use super::leaf::{Leaf, LeafMasker, is_kind, without_invalid_escapes};
use super::path_automaton::PathAutomaton;

pub(super) fn make(paths: &[(Path, Rule)], masker: &LeafMasker<'_>) -> Result<String, RefusalReason> {
    let automaton = PathAutomaton::build(paths).ok_or(RefusalReason::Paths)?;
    let is_json = masker.document.kind == TypeKind::Json;
    let query = Query {
        json_type: if is_json { "json" } else { "jsonb" },
        value: masked_value(paths, &automaton, masker)?,
        automaton,
        object: is_kind("devdb_kind", "object"),
        array: is_kind("devdb_kind", "array"),
    };
    let document = &masker.document.value;
    Ok(query.sql(&if is_json { without_invalid_escapes(document) } else { document.clone() }))
}

/// JSON text of the value of a node, masked if a path ends there.
fn masked_value(
    paths: &[(Path, Rule)],
    automaton: &PathAutomaton<'_>,
    masker: &LeafMasker<'_>,
) -> Result<String, RefusalReason> {
    let leaf = Leaf {
        kind: "devdb_kind",
        text: &op("devdb_value", "#>>", "'{}'::pg_catalog.text[]"),
        json: &cast("devdb_value", "text"),
    };
    let path_of_state: Vec<usize> = automaton.accepted.iter().map(|end| end.map_or(0, |path| path + 1)).collect();
    let mut value = String::from("CASE");
    for (number, (_, rule)) in paths.iter().enumerate() {
        let is_end = op(&number_at(&path_of_state, "devdb_state"), "=", &(number + 1).to_string());
        value += &format!(" WHEN {is_end} THEN {}", masker.masked(rule, &leaf)?);
    }
    Ok(value + &format!(" ELSE {} END", leaf.json))
}

/// Parts of the recursive query.
struct Query<'a> {
    /// `json` or `jsonb`, also the prefix of its functions.
    json_type: &'static str,
    automaton: PathAutomaton<'a>,
    /// JSON text of a node's masked value.
    value: String,
    /// Tests of a node's kind.
    object: String,
    array: String,
}

impl Query<'_> {
    fn sql(&self, document: &str) -> String {
        let Query { json_type, object, array, .. } = self;
        let descends: Vec<usize> = self.automaton.descends.iter().map(|descends| usize::from(*descends)).collect();
        let is_walked = op(&number_at(&descends, "devdb_state"), "=", "1");
        let table: Vec<usize> = self.automaton.next.iter().flatten().copied().collect();
        let row = op("devdb_node.devdb_state", "*", &self.automaton.symbols().to_string());
        let next = number_at(&table, &op(&row, "+", "devdb_child.devdb_symbol"));
        let comma = format!("CASE WHEN {} THEN ',' ELSE '' END", op("devdb_child.devdb_position", ">", "1"));
        let begins = cast(&format!("CASE WHEN {object} THEN '{{' ELSE '[' END"), "text");
        let ends = format!("CASE WHEN {object} THEN '}}' ELSE ']' END");
        let is_opened = format!("{is_walked} AND ({object} OR {array})");
        // Positions are compared element by element, so an end follows everything inside.
        format!(
            "(WITH RECURSIVE devdb_node (devdb_place, devdb_state, devdb_name, devdb_value, devdb_kind) AS ( \
             SELECT '{{}}'::pg_catalog.int8[], 1, ''::pg_catalog.text, devdb_root.devdb_value, {root_kind} \
             FROM (SELECT {document} AS devdb_value) AS devdb_root \
             UNION ALL \
             SELECT {place}, {next}, {comma_name}, devdb_child.devdb_value, {child_kind} \
             FROM devdb_node CROSS JOIN LATERAL ({children}) AS devdb_child WHERE {is_walked}) \
             SELECT {joined} FROM ( \
             SELECT devdb_place, {opened} AS devdb_text FROM devdb_node \
             UNION ALL \
             SELECT {last_place}, {ends} FROM devdb_node WHERE {is_opened}) AS devdb_piece)\
             ::pg_catalog.{json_type}",
            root_kind = self.json_call("typeof", "devdb_root.devdb_value"),
            place = call("array_append", &["devdb_node.devdb_place", "devdb_child.devdb_position"]),
            comma_name = op(&cast(&comma, "text"), "||", "devdb_child.devdb_name"),
            child_kind = self.json_call("typeof", "devdb_child.devdb_value"),
            children = self.children(),
            joined = call("string_agg", &["devdb_text", "'' ORDER BY devdb_place"]),
            opened = op("devdb_name", "||", &format!("CASE WHEN {is_opened} THEN {begins} ELSE {} END", self.value)),
            last_place = call("array_append", &["devdb_place", "9223372036854775807"]),
        )
    }

    /// Subquery for the members or elements of a node, with the symbol of each.
    fn children(&self) -> String {
        let any = self.automaton.any_position();
        let position = call("array_position", &[&self.positions(), "devdb_position"]);
        format!(
            "SELECT devdb_position, COALESCE({named}, 0) AS devdb_symbol, {name} AS devdb_name, devdb_value \
             FROM {members} WITH ORDINALITY AS devdb_member (devdb_key, devdb_value, devdb_position) \
             UNION ALL \
             SELECT devdb_position, COALESCE({placed}, {any}), ''::pg_catalog.text, devdb_value \
             FROM {elements} WITH ORDINALITY AS devdb_element (devdb_value, devdb_position)",
            named = call("array_position", &[&constants(&self.automaton.keys), "devdb_key"]),
            name = op(&cast(&call("to_json", &["devdb_key"]), "text"), "||", &text(": ")),
            members = self.json_call("each", &format!("CASE WHEN {} THEN devdb_node.devdb_value END", self.object)),
            placed = op(&position, "+", &any.to_string()),
            elements =
                self.json_call("array_elements", &format!("CASE WHEN {} THEN devdb_node.devdb_value END", self.array)),
        )
    }

    /// Array positions as `WITH ORDINALITY` counts them, from 1.
    fn positions(&self) -> String {
        let positions = self.automaton.positions.iter().map(|position| (u64::from(*position) + 1).to_string());
        format!("'{{{}}}'::pg_catalog.int8[]", positions.collect::<Vec<String>>().join(","))
    }

    /// Call of `json_…` or `jsonb_…`.
    fn json_call(&self, function: &str, argument: &str) -> String {
        call(&format!("{}_{function}", self.json_type), &[argument])
    }
}

/// A number of a constant list, by an index from 0.
fn number_at(list: &[usize], index: &str) -> String {
    let words: Vec<String> = list.iter().map(usize::to_string).collect();
    format!("('{{{}}}'::pg_catalog.int4[])[{}]", words.join(","), op("1", "+", index))
}

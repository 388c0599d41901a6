//! An array: its elements masked one by one, NULL elements kept, in their order. An array of several
//! dimensions comes back with one.
//!
//! There is no way through the elements of an array without a subquery, which `ALTER TABLE … USING`
//! refuses: such a column needs an `UPDATE` or a `COPY`.

use super::compile::{kept, make as of_single};
use super::output::{Form, Length, MaskInput, MaskOutput, Near};
use super::refusal::Why;
use super::rule::Rule;
use super::sql::{call, is_null};
use super::type_kind::TypeKind;

/// What becomes of an element, and of the array.
pub(super) fn make(rule: &Rule, site: &MaskInput<'_>) -> Result<(MaskOutput, MaskOutput), Why> {
    let element = MaskInput { value: "devdb_element.devdb_value".to_owned(), ..*site };
    let single = of_single(rule, &element)?;
    let all = call("array_agg", &[&format!("{} ORDER BY devdb_element.devdb_position", kept(&element, &single.sql))]);
    let unnested = call("unnest", &[&site.value]);
    // In FROM, composites would be taken apart into their attributes.
    let from = if site.kind == TypeKind::Composite {
        let numbered = "devdb_one.devdb_value, pg_catalog.row_number() OVER () AS devdb_position";
        format!("(SELECT {numbered} FROM (SELECT {unnested} AS devdb_value) AS devdb_one) AS devdb_element")
    } else {
        format!("{unnested} WITH ORDINALITY AS devdb_element (devdb_value, devdb_position)")
    };
    let sql =
        format!("CASE WHEN {} THEN NULL ELSE COALESCE((SELECT {all} FROM {from}), '{{}}') END", is_null(&site.value));
    // Lengths, words and signs are those of elements; a check of the column is about the array.
    let longest = match single.longest {
        Length::Same => Length::Input,
        other => other,
    };
    let made = MaskOutput {
        sql,
        shortest: 0,
        longest,
        plain: false,
        keeps_sign: false,
        form: Form::Unknown,
        near: Near::Nothing,
        subquery: true,
        distinct: single.distinct,
    };
    Ok((single, made))
}

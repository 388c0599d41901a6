//! Array: each element is masked; NULL elements and the order stay. Of a multidimensional array the first dimension
//! stays, and all others become one.
//!
//! Elements cannot be mapped without a subquery, which `ALTER TABLE … USING` rejects: such a column needs an
//! `UPDATE` or a `COPY`.

use super::output::{CompileInner, KnownValue, MaskInput, MaskOutput, MaxLength, OutputFormat, Structure};
use super::refusal::RefusalReason;
use super::rule::Rule;
use super::sql::{call, case_when, is_null, op, preserve_empty};
use super::type_kind::TypeKind;

/// Outputs for an element and for the whole array.
pub(super) fn make(
    rule: &Rule,
    input: &MaskInput<'_>,
    compile: CompileInner<MaskOutput>,
) -> Result<(MaskOutput, MaskOutput), RefusalReason> {
    let element = MaskInput { value: "devdb_element.devdb_value".to_owned(), ..*input };
    let single = compile(rule, &element)?;
    let masked = preserve_empty(element.kind, &element.value, &single.sql);
    let all = call("array_agg", &[&format!("{masked} ORDER BY devdb_element.devdb_position")]);
    let unnested = call("unnest", &[&input.value]);
    // In FROM, composites would be expanded to their attributes.
    let from = if input.kind == TypeKind::Composite {
        let numbered = "devdb_one.devdb_value, pg_catalog.row_number() OVER () AS devdb_position";
        format!("(SELECT {numbered} FROM (SELECT {unnested} AS devdb_value) AS devdb_one) AS devdb_element")
    } else {
        format!("{unnested} WITH ORDINALITY AS devdb_element (devdb_value, devdb_position)")
    };
    let flat = format!("(SELECT {all} FROM {from})");
    let width = op(&call("cardinality", &[&input.value]), "/", &call("array_length", &[&input.value, "1"]));
    let row = op(&op("devdb_element.devdb_position", "-", "1"), "/", &width);
    let rows = format!("(SELECT {row} AS devdb_row, {all} AS devdb_values FROM {from} GROUP BY 1) AS devdb_rows");
    let nested = format!(
        "(SELECT {} FROM {rows})",
        call("array_agg", &["devdb_rows.devdb_values ORDER BY devdb_rows.devdb_row"])
    );
    let is_nested = op(&call("array_ndims", &[&input.value]), ">", "1");
    let masked = format!("COALESCE({}, '{{}}')", case_when(&is_nested, &nested, &flat));
    let sql = case_when(&is_null(&input.value), "NULL", &masked);
    // Length, format and sign describe elements; a check of the column is about the array.
    let max_chars = match single.max_chars {
        MaxLength::SameAsInput => MaxLength::UpToInput,
        other => other,
    };
    let output = MaskOutput {
        sql,
        min_chars: 0,
        max_chars,
        plain: false,
        keeps_sign: false,
        format: OutputFormat::Unknown,
        known_value: KnownValue::Unknown,
        structure: Structure::Array,
        subquery: true,
        distinct: single.distinct,
    };
    Ok((single, output))
}

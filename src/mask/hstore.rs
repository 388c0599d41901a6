//! hstore: masks by key, and one treatment for the values of all other keys. The keys themselves stay.

use crate::pg::identifier;

use super::constant;
use super::output::{CompileInner, Distinct, MaskInput, MaskOutput};
use super::refusal::RefusalReason;
use super::rule::Rule;
use super::sql::{call, case_when, cast, cast_to, is_null, preserve_empty, text};
use super::type_kind::TypeKind;

pub(super) fn make(
    keys: &[(String, Rule)],
    keep_other: bool,
    input: &MaskInput<'_>,
    compile: CompileInner<MaskOutput>,
) -> Result<MaskOutput, RefusalReason> {
    if input.kind != TypeKind::Hstore {
        return Err(input.type_mismatch("hstore"));
    }
    // The extension may be installed in any schema.
    let base = &input.column.base;
    let own = |function: &str, arguments: &[&str]| {
        format!("{}.{}({})", identifier(&base.schema), identifier(function), arguments.join(", "))
    };
    let value = cast_to(base, &input.value);
    let mut masked = if keep_other {
        value.clone()
    } else {
        let keys = own("akeys", &[&value]);
        let count = format!("ARRAY[{}]", call("cardinality", &[&keys]));
        own("hstore", &[&keys, &call("array_fill", &["NULL::pg_catalog.text", &count])])
    };
    for (key, rule) in keys {
        let name = text(key);
        let inner = input.inner_text(own("fetchval", &[&value, &name]));
        let new = match rule {
            Rule::Null => "NULL".to_owned(),
            Rule::Fixed(fixed) => case_when(&is_null(&inner.value), "NULL", &text(&constant::scalar_text(fixed))),
            rule => preserve_empty(inner.kind, &inner.value, &compile(rule, &inner)?.sql),
        };
        let pair = own("hstore", &[&name, &cast(&new, "text")]);
        let exists = own("exist", &[&value, &name]);
        masked = own("hs_concat", &[&masked, &case_when(&exists, &pair, &cast_to(base, "''"))]);
    }
    Ok(MaskOutput::value(masked, Distinct::No))
}

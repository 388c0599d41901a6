//! An hstore: masks by key, and what becomes of the values of all other keys. The keys themselves stay.

use crate::pg::identifier;

use super::compile::{self, kept};
use super::constant;
use super::output::{Distinct, MaskInput, MaskOutput};
use super::refusal::Why;
use super::rule::Rule;
use super::sql::{call, cast, cast_to, choose, is_null, text};
use super::type_kind::TypeKind;

pub(super) fn make(keys: &[(String, Rule)], keep_other: bool, site: &MaskInput<'_>) -> Result<MaskOutput, Why> {
    if site.kind != TypeKind::Hstore {
        return Err(site.wrong_type("hstore"));
    }
    // The extension may be in any schema.
    let base = &site.column.base;
    let own = |function: &str, arguments: &[&str]| {
        format!("{}.{}({})", identifier(&base.schema), identifier(function), arguments.join(", "))
    };
    let value = cast_to(base, &site.value);
    let mut changed = if keep_other {
        value.clone()
    } else {
        let keys = own("akeys", &[&value]);
        let count = format!("ARRAY[{}]", call("cardinality", &[&keys]));
        own("hstore", &[&keys, &call("array_fill", &["NULL::pg_catalog.text", &count])])
    };
    for (key, rule) in keys {
        let name = text(key);
        let inner = MaskInput {
            column: site.column,
            value: own("fetchval", &[&value, &name]),
            kind: TypeKind::Text { ignores_case: false },
            room: usize::MAX,
            key: site.key,
        };
        let new = match rule {
            Rule::Null => "NULL".to_owned(),
            Rule::Fixed(fixed) => choose(&is_null(&inner.value), "NULL", &text(&constant::written(fixed))),
            rule => kept(&inner, &compile::make(rule, &inner)?.sql),
        };
        let pair = own("hstore", &[&name, &cast(&new, "text")]);
        let there = own("exist", &[&value, &name]);
        changed = own("hs_concat", &[&changed, &choose(&there, &pair, &cast_to(base, "''"))]);
    }
    Ok(MaskOutput::value(changed, Distinct::No))
}

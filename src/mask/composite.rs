//! A composite: every attribute by a mask of its own, or kept by name. One that is not named is an
//! error: an attribute that a migration adds is not kept by itself.

use crate::pg::catalog::Column;
use crate::pg::identifier;

use super::compile;
use super::output::{Distinct, MaskInput, MaskOutput};
use super::refusal::Why;
use super::rule::Rule;
use super::sql::cast_to;

pub(super) fn make(parts: &[(String, Option<Rule>)], site: &MaskInput<'_>) -> Result<MaskOutput, Why> {
    let base = &site.column.base;
    if base.form != 'c' {
        return Err(site.wrong_type("a composite"));
    }
    let missing = |attribute: &str, why| Why::Attribute { attribute: attribute.to_owned(), why };
    if let Some((name, _)) = parts.iter().find(|(name, _)| base.attributes.iter().all(|known| known.name != *name)) {
        return Err(missing(name, "is not in its type"));
    }
    let value = cast_to(base, &site.value);
    let mut subquery = false;
    let mut fields = Vec::new();
    for attribute in base.attributes.iter() {
        let name = &attribute.name;
        let (_, rule) = parts
            .iter()
            .find(|(part, _)| part == name)
            .ok_or_else(|| missing(name, "is neither masked nor kept: give it a mask or `keep`"))?;
        let field = format!("({value}).{}", identifier(name));
        let Some(rule) = rule else {
            fields.push(field);
            continue;
        };
        // `by` names a column of the table.
        let column = Column { siblings: site.column.siblings.clone(), ..attribute.clone() };
        let inner = MaskInput { value: field, ..MaskInput::of(&column, site.key) };
        let made =
            compile::value(rule, &inner).map_err(|why| Why::Inside { attribute: name.clone(), why: why.into() })?;
        subquery |= made.subquery;
        fields.push(made.sql);
    }
    let sql = cast_to(base, &format!("ROW({})", fields.join(", ")));
    Ok(MaskOutput { subquery, ..MaskOutput::value(sql, Distinct::No) })
}

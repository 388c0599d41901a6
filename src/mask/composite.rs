//! Composite: each attribute has a mask of its own or is listed with `keep`. An attribute that is not listed is an
//! error, so that one added by a migration is not kept silently.

use crate::pg::catalog::Column;
use crate::pg::identifier;

use super::expression::Expression;
use super::output::{CompileInner, Distinct, MaskInput, MaskOutput};
use super::refusal::RefusalReason;
use super::rule::Rule;
use super::sql::cast_to;

pub(super) fn make(
    rules: &[(String, Option<Rule>)],
    input: &MaskInput<'_>,
    compile: CompileInner<Expression>,
) -> Result<MaskOutput, RefusalReason> {
    let base = &input.column.base;
    if base.form != 'c' {
        return Err(input.type_mismatch("a composite"));
    }
    let refused = |attribute: &str, problem| RefusalReason::Attribute { attribute: attribute.to_owned(), problem };
    if let Some((name, _)) = rules.iter().find(|(name, _)| base.attributes.iter().all(|known| known.name != *name)) {
        return Err(refused(name, "does not exist in the type"));
    }
    let value = cast_to(base, &input.value);
    let mut subquery = false;
    let mut fields = Vec::new();
    for attribute in base.attributes.iter() {
        let name = &attribute.name;
        let (_, rule) = rules
            .iter()
            .find(|(listed, _)| listed == name)
            .ok_or_else(|| refused(name, "has neither a mask nor `keep`"))?;
        let field = format!("({value}).{}", identifier(name));
        let Some(rule) = rule else {
            fields.push(field);
            continue;
        };
        // `by` refers to columns of the table.
        let column = Column { siblings: input.column.siblings.clone(), ..attribute.clone() };
        let inner = MaskInput { value: field, ..MaskInput::of(&column, input.key) };
        let expression = compile(rule, &inner)
            .map_err(|reason| RefusalReason::Inside { attribute: name.clone(), reason: reason.into() })?;
        subquery |= expression.subquery;
        fields.push(expression.sql);
    }
    let sql = cast_to(base, &format!("ROW({})", fields.join(", ")));
    Ok(MaskOutput { subquery, ..MaskOutput::value(sql, Distinct::No) })
}

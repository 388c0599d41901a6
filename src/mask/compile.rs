//! Compiler: rule + column + key → expression, or a refusal.
//!
//! The only recursion over a rule tree is here: masks of containers (array, composite, hstore, JSON) receive a
//! function of this file and call it for the values inside.

use crate::config::mask::Fake;
use crate::pg::catalog::Column;

use super::expression::Expression;
use super::key::Key;
use super::output::{MaskInput, MaskOutput};
use super::refusal::{Refusal, RefusalReason};
use super::rule::Rule;
use super::sql::{case_when, is_null, preserve_empty};
use super::{
    address, array, business_number, bytes, card, company, composite, constant, date, email, enumeration, hstore,
    identifier, ip, json, name, number, phone, postal_code, prove, range, registration_number, text, url, username,
    uuid, vouch,
};

/// Compiles a rule for a column.
///
/// # Errors
/// The rule does not accept the column's type, or its outputs are not proved to satisfy a constraint.
pub fn compile(rule: &Rule, column: &Column, key: &Key) -> Result<Expression, Refusal> {
    let refusal = |reason| Refusal { column: column.path(), mask: rule.name(), reason };
    if column.generated {
        return Err(refusal(RefusalReason::Generated));
    }
    compile_value(rule, &MaskInput::of(column, key)).map_err(refusal)
}

/// Compiles a rule for a column, or for an attribute of a composite.
fn compile_value(rule: &Rule, input: &MaskInput<'_>) -> Result<Expression, RefusalReason> {
    let column = input.column;
    let declared = |sql: &str| format!("({sql})::{}", column.declared);
    match rule {
        Rule::Null => {
            prove::null(column)?;
            Ok(Expression { sql: declared("NULL"), subquery: false, vouched: Vec::new() })
        }
        Rule::Sql(sql) => constant::sql(sql, column),
        Rule::Vouched { rule, constraints } => {
            let (remaining, vouched) = vouch::split(column, constraints);
            let MaskInput { kind, max_chars, key, .. } = *input;
            let inner = MaskInput { column: &remaining, value: input.value.clone(), kind, max_chars, key };
            let expression = compile_value(rule, &inner)?;
            Ok(Expression { vouched: [vouched, expression.vouched].concat(), ..expression })
        }
        Rule::Fixed(value) => {
            let output = constant::fixed(value, input)?;
            prove::values(column, &output)?;
            let sql = case_when(&is_null(&input.value), "NULL", &output.sql);
            Ok(Expression { sql: declared(&sql), subquery: false, vouched: Vec::new() })
        }
        _ if column.array => {
            let (element, output) = array::make(rule, input, single_value)?;
            prove::elements(column, &element)?;
            prove::values(column, &output)?;
            Ok(Expression { sql: declared(&output.sql), subquery: output.subquery, vouched: Vec::new() })
        }
        _ => {
            let output = single_value(rule, input)?;
            prove::values(column, &output)?;
            let sql = declared(&preserve_empty(input.kind, &input.value, &output.sql));
            Ok(Expression { sql, subquery: output.subquery, vouched: Vec::new() })
        }
    }
}

/// Compiles a rule for a single value, which is neither NULL nor the empty string.
fn single_value(rule: &Rule, input: &MaskInput<'_>) -> Result<MaskOutput, RefusalReason> {
    match rule {
        Rule::Email { domain } => email::make(domain, input),
        Rule::Phone(kind) => phone::make(*kind, input),
        Rule::Fake(fake) => match fake {
            Fake::KoreanAddress | Fake::EnglishAddress => address::make(*fake, input),
            Fake::KoreanCompany | Fake::EnglishCompany => company::make(*fake, input),
            _ => name::make(*fake, input),
        },
        Rule::PostalCode(country) => postal_code::make(*country, input),
        Rule::Date(date) => date::make(date, input),
        Rule::RegistrationNumber => registration_number::make(input),
        Rule::BusinessNumber => business_number::make(input),
        Rule::Card(kind) => card::make(*kind, input),
        Rule::Ip => ip::make(input),
        Rule::Url => url::make(input),
        Rule::Username => username::make(input),
        Rule::Uuid => uuid::make(input),
        Rule::Identifier { within } => identifier::make(*within, input),
        Rule::Text(kind) => text::make(*kind, input),
        Rule::Bytes { length } => bytes::make(*length, input),
        Rule::Enum { by } => enumeration::make(by.as_deref(), input),
        Rule::Number { noise } => number::make(*noise, input),
        Rule::Range(shift) => range::make(shift, input),
        Rule::Composite(attributes) => composite::make(attributes, input, compile_value),
        Rule::Hstore { keys, keep_other } => hstore::make(keys, *keep_other, input, single_value),
        Rule::Json(paths) => json::make(paths, input, single_value),
        Rule::JsonShape => json::make_shape(input),
        Rule::Fixed(value) => constant::fixed(value, input),
        // These apply to whole columns only.
        Rule::Null | Rule::Sql(_) | Rule::Vouched { .. } => Err(input.type_mismatch("a whole column")),
    }
}

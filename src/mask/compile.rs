//! From a rule and a column to one expression, or to the reason why not.

use crate::pg::catalog::Column;

use super::key::Key;
use super::output::{MaskInput, MaskOutput};
use super::refusal::{Refusal, Why};
use super::rule::Rule;
use super::sql::{bytewise, cast, choose, is_null, op};
use super::{
    address, array, business_number, bytes, card, company, composite, constant, date, email, enumeration, hstore,
    identifier, ip, json, name, number, phone, postal_code, prove, range, registration_number, text, url, username,
    uuid,
};
use crate::config::mask::Fake;

/// A mask for one column: an expression over the row's columns, of the column's type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expression {
    /// The text. It may stand wherever an expression over a row of the table may:
    /// `COPY (SELECT … FROM table)`, `UPDATE table SET column = …`, and, if it holds no subquery,
    /// `ALTER TABLE … ALTER COLUMN … TYPE … USING (…)`. It holds constants derived from the key.
    pub sql: String,
    /// Whether it holds a subquery, which `ALTER TABLE … USING` refuses.
    pub subquery: bool,
}

/// Compiles a rule for a column.
///
/// # Errors
/// When the rule is not for the column's type, or cannot be proved to keep one of its constraints.
pub fn compile(rule: &Rule, column: &Column, key: &Key) -> Result<Expression, Refusal> {
    let refusal = |why| Refusal { column: column.path(), mask: rule.name(), why };
    if column.generated {
        return Err(refusal(Why::Generated));
    }
    value(rule, &MaskInput::of(column, key)).map_err(refusal)
}

/// The value of a column, or of an attribute of a composite, by a mask.
pub(super) fn value(rule: &Rule, site: &MaskInput<'_>) -> Result<Expression, Why> {
    let column = site.column;
    let declared = |sql: &str| format!("({sql})::{}", column.declared);
    match rule {
        Rule::Null => {
            prove::null(column)?;
            Ok(Expression { sql: declared("NULL"), subquery: false })
        }
        Rule::Sql(sql) => constant::sql(sql, column),
        Rule::Fixed(value) => {
            let made = constant::fixed(value, site)?;
            prove::values(column, &made)?;
            let sql = choose(&is_null(&site.value), "NULL", &made.sql);
            Ok(Expression { sql: declared(&sql), subquery: false })
        }
        _ if column.array => {
            let (element, made) = array::make(rule, site)?;
            prove::elements(column, &element)?;
            prove::values(column, &made)?;
            Ok(Expression { sql: declared(&made.sql), subquery: made.subquery })
        }
        _ => {
            let made = make(rule, site)?;
            prove::values(column, &made)?;
            Ok(Expression { sql: declared(&kept(site, &made.sql)), subquery: made.subquery })
        }
    }
}

/// The expression with NULL and the empty string kept.
pub(super) fn kept(site: &MaskInput<'_>, sql: &str) -> String {
    let sql = if site.kind.is_text() {
        let empty = op(&bytewise(&cast(&site.value, "text")), "=", "''::pg_catalog.text");
        format!("CASE WHEN {empty} THEN ''::pg_catalog.text ELSE {sql} END")
    } else {
        sql.to_owned()
    };
    choose(&is_null(&site.value), "NULL", &sql)
}

/// What a mask makes of a single value.
pub(super) fn make(rule: &Rule, site: &MaskInput<'_>) -> Result<MaskOutput, Why> {
    match rule {
        Rule::Email { domain } => email::make(domain, site),
        Rule::Phone(kind) => phone::make(*kind, site),
        Rule::Fake(fake) => match fake {
            Fake::KoreanAddress | Fake::EnglishAddress => address::make(*fake, site),
            Fake::KoreanCompany | Fake::EnglishCompany => company::make(*fake, site),
            _ => name::make(*fake, site),
        },
        Rule::PostalCode(country) => postal_code::make(*country, site),
        Rule::Date(date) => date::make(date, site),
        Rule::RegistrationNumber => registration_number::make(site),
        Rule::BusinessNumber => business_number::make(site),
        Rule::Card(kind) => card::make(*kind, site),
        Rule::Ip => ip::make(site),
        Rule::Url => url::make(site),
        Rule::Username => username::make(site),
        Rule::Uuid => uuid::make(site),
        Rule::Identifier { within } => identifier::make(*within, site),
        Rule::Text(kind) => text::make(*kind, site),
        Rule::Bytes { length } => bytes::make(*length, site),
        Rule::Enum { by } => enumeration::make(by.as_deref(), site),
        Rule::Number { noise } => number::make(*noise, site),
        Rule::Range(shift) => range::make(shift, site),
        Rule::Composite(parts) => composite::make(parts, site),
        Rule::Hstore { keys, keep_other } => hstore::make(keys, *keep_other, site),
        Rule::Json(paths) => json::make(paths, site),
        Rule::JsonShape => json::shape(site),
        Rule::Fixed(value) => constant::fixed(value, site),
        // A column's own; neither has a single value.
        Rule::Null | Rule::Sql(_) => Err(site.wrong_type("a whole column")),
    }
}

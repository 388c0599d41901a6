//! A fixed value, or an expression of the user's.

use crate::config::mask::{Scalar, SqlMask};
use crate::pg::catalog::{Column, IndexKey};

use super::compile::Expression;
use super::output::{Distinct, Form, MaskInput, MaskOutput, Near};
use super::refusal::Why;
use super::sql::text;
use super::type_kind::TypeKind;

const FIXED: &str = "text, numbers, boolean, dates and times, uuid, inet, json, xml, tsvector or an enum";

/// The same value in every row. It is read here, so that one that the type does not take is no surprise
/// for the server.
pub(super) fn fixed(value: &Scalar, site: &MaskInput<'_>) -> Result<MaskOutput, Why> {
    let written = written(value);
    let base = &site.column.base;
    let integer = |least: i64, most: i64| written.parse::<i64>().is_ok_and(|number| (least..=most).contains(&number));
    let right = !site.column.array
        && match site.kind {
            TypeKind::Text { .. } => {
                site.must_fit(written.chars().count())?;
                !written.contains('\0')
            }
            TypeKind::SmallInt => integer(i16::MIN.into(), i16::MAX.into()),
            TypeKind::Integer => integer(i32::MIN.into(), i32::MAX.into()),
            TypeKind::BigInt => integer(i64::MIN, i64::MAX),
            TypeKind::Bool => ["true", "false"].contains(&written.as_str()),
            TypeKind::Date => written.parse::<jiff::civil::Date>().is_ok(),
            TypeKind::Uuid => is_uuid(&written),
            TypeKind::Inet => written.parse::<std::net::IpAddr>().is_ok(),
            TypeKind::Json | TypeKind::Jsonb => serde_json::from_str::<serde_json::Value>(&written).is_ok(),
            TypeKind::Enum if base.labels.contains(&written) => true,
            TypeKind::Enum => {
                let labels = base.labels.join(", ");
                return Err(Why::Label { value: written, found: base.name.clone(), labels });
            }
            TypeKind::Numeric => is_numeric(&written, site.column.modifier),
            TypeKind::Real => written.parse::<f32>().is_ok_and(f32::is_finite),
            TypeKind::Double => written.parse::<f64>().is_ok_and(f64::is_finite),
            TypeKind::Timestamp => written.parse::<jiff::civil::DateTime>().is_ok(),
            TypeKind::TimestampTz => written.parse::<jiff::Timestamp>().is_ok(),
            TypeKind::Time => written.parse::<jiff::civil::Time>().is_ok(),
            TypeKind::Xml => !written.contains(['<', '&', '\0']),
            TypeKind::TsVector => written.chars().all(|c| c.is_ascii_alphanumeric() || c == ' '),
            TypeKind::Money
            | TypeKind::Interval
            | TypeKind::TimeTz
            | TypeKind::Bytea
            | TypeKind::Range
            | TypeKind::Multirange
            | TypeKind::Composite
            | TypeKind::Hstore
            | TypeKind::Other => return Err(site.wrong_type(FIXED)),
        };
    if !right {
        let found = if site.column.array { format!("{}[]", base.name) } else { base.name.clone() };
        return Err(Why::Value { value: written, found });
    }
    let length = written.chars().count();
    if site.kind == TypeKind::Xml {
        return Ok(MaskOutput::value(format!("XMLPARSE(CONTENT {})", text(&written)), Distinct::No));
    }
    let escaped: String =
        written.chars().map(|c| if c.is_ascii_punctuation() { format!("\\{c}") } else { c.to_string() }).collect();
    let form = if site.kind.is_text() { Form::As(escaped) } else { Form::Unknown };
    let made = MaskOutput::text(text(&written), length, length, Distinct::No);
    Ok(MaskOutput { form, near: Near::Value(written), ..made })
}

/// As PostgreSQL reads it.
pub(super) fn written(value: &Scalar) -> String {
    match value {
        Scalar::Bool(value) => value.to_string(),
        Scalar::Integer(value) => value.to_string(),
        Scalar::Text(value) => value.clone(),
    }
}

/// Digits with a point among them or not, as many as precision and scale take.
fn is_numeric(text: &str, modifier: i32) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let are_digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    let fits = usize::try_from(modifier - 4).ok().is_none_or(|modifier| {
        // Precision and scale in 16 bits each; a negative scale is none of the second half of 11.
        let (precision, scale) = (modifier >> 16, modifier & 0x7ff);
        scale < 1024
            && part.trim_end_matches('0').len() <= scale
            && whole.trim_start_matches('0').len() + scale <= precision
    });
    are_digits(whole) && are_digits(part) && fits
}

fn is_uuid(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    groups.iter().map(|group| group.len()).eq([8, 4, 4, 4, 12])
        && groups.iter().all(|group| group.chars().all(|c| c.is_ascii_hexdigit()))
}

/// An expression, whose author vouches for what nothing here can prove.
pub(super) fn sql(mask: &SqlMask, column: &Column) -> Result<Expression, Why> {
    let vouched = |name: &str| mask.vouch.iter().any(|vouched| vouched.eq_ignore_ascii_case(name));
    if column.not_null && !vouched("NOT NULL") {
        return Err(Why::Check { constraint: "NOT NULL".into(), definition: "the column takes no NULL".into() });
    }
    if let Some(unique) = column.unique.iter().find(|unique| !vouched(&unique.name)) {
        let of_column = |key: &&IndexKey| **key == IndexKey::Column(column.name.clone());
        return Err(match unique.keys.iter().find(of_column) {
            Some(_) => Why::NotUnique { index: unique.name.clone() },
            None => Why::Index { index: unique.name.clone(), expression: column.name.clone() },
        });
    }
    if let Some(check) = column.checks.iter().find(|check| !vouched(&check.name)) {
        return Err(Why::Check { constraint: check.name.clone(), definition: check.definition.clone() });
    }
    let mut words = mask.expression.split(|c: char| !c.is_alphanumeric() && c != '_');
    let subquery = words.any(|word| word.eq_ignore_ascii_case("select"));
    // No cast: an explicit one would cut text that is too long. The line break ends a comment.
    Ok(Expression { sql: format!("({}\n)", mask.expression), subquery })
}

//! Constant, or a user-defined SQL expression.

use crate::config::mask::{Scalar, SqlMask};
use crate::pg::catalog::{Column, IndexKey};

use super::expression::Expression;
use super::output::{Distinct, KnownValue, MaskInput, MaskOutput, OutputFormat};
use super::refusal::RefusalReason;
use super::sql::text;
use super::type_kind::TypeKind;
use super::vouch;

const FIXED_TYPES: &str = "text, numbers, boolean, dates and times, uuid, inet, json, xml, tsvector or an enum";

/// The same value in every row. It is parsed here, so that the server does not reject it later.
pub(super) fn fixed(value: &Scalar, input: &MaskInput<'_>) -> Result<MaskOutput, RefusalReason> {
    let constant = scalar_text(value);
    let base = &input.column.base;
    let integer = |least: i64, most: i64| constant.parse::<i64>().is_ok_and(|number| (least..=most).contains(&number));
    let is_valid = !input.column.array
        && match input.kind {
            TypeKind::Text { .. } => {
                input.ensure_fits(constant.chars().count())?;
                !constant.contains('\0')
            }
            TypeKind::SmallInt => integer(i16::MIN.into(), i16::MAX.into()),
            TypeKind::Integer => integer(i32::MIN.into(), i32::MAX.into()),
            TypeKind::BigInt => integer(i64::MIN, i64::MAX),
            TypeKind::Bool => ["true", "false"].contains(&constant.as_str()),
            TypeKind::Date => constant.parse::<jiff::civil::Date>().is_ok(),
            TypeKind::Uuid => is_uuid(&constant),
            TypeKind::Inet => constant.parse::<std::net::IpAddr>().is_ok(),
            TypeKind::Json | TypeKind::Jsonb => serde_json::from_str::<serde_json::Value>(&constant).is_ok(),
            TypeKind::Enum if base.labels.contains(&constant) => true,
            TypeKind::Enum => {
                let labels = base.labels.join(", ");
                return Err(RefusalReason::Label { value: constant, found: base.name.clone(), labels });
            }
            TypeKind::Numeric => is_numeric(&constant, input.column.modifier),
            TypeKind::Real => constant.parse::<f32>().is_ok_and(f32::is_finite),
            TypeKind::Double => constant.parse::<f64>().is_ok_and(f64::is_finite),
            TypeKind::Timestamp => constant.parse::<jiff::civil::DateTime>().is_ok(),
            TypeKind::TimestampTz => constant.parse::<jiff::Timestamp>().is_ok(),
            TypeKind::Time => constant.parse::<jiff::civil::Time>().is_ok(),
            TypeKind::Xml => !constant.contains(['<', '&', '\0']),
            TypeKind::TsVector => constant.chars().all(|c| c.is_ascii_alphanumeric() || c == ' '),
            TypeKind::Money
            | TypeKind::Interval
            | TypeKind::TimeTz
            | TypeKind::Bytea
            | TypeKind::Range
            | TypeKind::Multirange
            | TypeKind::Composite
            | TypeKind::Hstore
            | TypeKind::Other => return Err(input.type_mismatch(FIXED_TYPES)),
        };
    if !is_valid {
        let found = if input.column.array { format!("{}[]", base.name) } else { base.name.clone() };
        return Err(RefusalReason::Value { value: constant, found });
    }
    let length = constant.chars().count();
    if input.kind == TypeKind::Xml {
        return Ok(MaskOutput::value(format!("XMLPARSE(CONTENT {})", text(&constant)), Distinct::No));
    }
    let escaped: String =
        constant.chars().map(|c| if c.is_ascii_punctuation() { format!("\\{c}") } else { c.to_string() }).collect();
    let format = if input.kind.is_text() { OutputFormat::Pattern(escaped) } else { OutputFormat::Unknown };
    let output = MaskOutput::text(text(&constant), length, length, Distinct::No);
    Ok(MaskOutput { format, known_value: KnownValue::Constant(constant), ..output })
}

/// The value in PostgreSQL's notation.
pub(super) fn scalar_text(value: &Scalar) -> String {
    match value {
        Scalar::Bool(value) => value.to_string(),
        Scalar::Integer(value) => value.to_string(),
        Scalar::Text(value) => value.clone(),
    }
}

/// Whether a text is a decimal number that precision and scale accept.
fn is_numeric(text: &str, modifier: i32) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let are_digits = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    let fits = usize::try_from(modifier - 4).ok().is_none_or(|modifier| {
        // 16 bits each; the scale is a signed number of 11 bits.
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

/// User-defined expression, whose author vouches for the constraints that cannot be proved.
pub(super) fn sql(mask: &SqlMask, column: &Column) -> Result<Expression, RefusalReason> {
    let (unproved, vouched) = vouch::split(column, &mask.vouch);
    if unproved.not_null {
        return Err(RefusalReason::Check {
            constraint: "NOT NULL".into(),
            definition: "the column forbids NULL".into(),
        });
    }
    if let Some(unique) = unproved.unique.first() {
        let of_column = |key: &&IndexKey| **key == IndexKey::Column(column.name.clone());
        return Err(match unique.keys.iter().find(of_column) {
            Some(_) => RefusalReason::NotUnique { index: unique.name.clone() },
            None => RefusalReason::Index { index: unique.name.clone(), expression: column.name.clone() },
        });
    }
    if let Some(check) = unproved.checks.first() {
        return Err(RefusalReason::Check { constraint: check.name.clone(), definition: check.definition.clone() });
    }
    let mut words = mask.expression.split(|c: char| !c.is_alphanumeric() && c != '_');
    let subquery = words.any(|word| word.eq_ignore_ascii_case("select"));
    // No cast: an explicit one would truncate text that is too long. The line break ends a comment.
    Ok(Expression { sql: format!("({}\n)", mask.expression), subquery, vouched })
}

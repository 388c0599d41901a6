//! A mask as meant: what was written, with its values checked.

mod error;
mod path;

use std::collections::BTreeMap;

pub use error::RuleError;
pub use path::{Path, Step};

use crate::config::mask::{
    CardKind, Country, DateOptions, EnumOptions, Fake, JsonOptions, MaskOptions, MaskWord, Other, PartMask, PhoneKind,
    Scalar, Shift, SqlMask, TextKind, WrittenMask,
};

/// A mask as meant.
#[derive(Clone, Debug, PartialEq)]
pub enum Rule {
    /// An e-mail address at this domain.
    Email {
        /// The domain.
        domain: String,
    },
    /// A telephone number.
    Phone(PhoneKind),
    /// A value of a list.
    Fake(Fake),
    /// A postal code that is not in use.
    PostalCode(Country),
    /// A date near the date.
    Date(DateOptions),
    /// A Korean resident registration number with a wrong checksum.
    RegistrationNumber,
    /// A Korean business number with a wrong checksum.
    BusinessNumber,
    /// A card number of a test range.
    Card(CardKind),
    /// An address of the ranges for documentation.
    Ip,
    /// An address on the web.
    Url,
    /// A user name.
    Username,
    /// A UUID.
    Uuid,
    /// A permutation of the integers.
    Identifier {
        /// 1 to this stay among themselves.
        within: Option<i64>,
    },
    /// Free text.
    Text(TextKind),
    /// Bytes: this many, or as many as there were.
    Bytes {
        /// How many.
        length: Option<usize>,
    },
    /// A label of the enum, chosen by other columns.
    Enum {
        /// The column; nothing for all.
        by: Option<String>,
    },
    /// A number near the number.
    Number {
        /// Percent that it may be off.
        noise: u8,
    },
    /// A range, moved.
    Range(Shift),
    /// A composite's attributes; nothing for what is kept.
    Composite(Vec<(String, Option<Rule>)>),
    /// An hstore's values.
    Hstore {
        /// By key.
        keys: Vec<(String, Rule)>,
        /// Whether all other values stay.
        keep_other: bool,
    },
    /// Masks of values inside JSON, by path.
    Json(Vec<(Path, Rule)>),
    /// Every string inside JSON becomes its shape, every number 0.
    JsonShape,
    /// NULL.
    Null,
    /// A value.
    Fixed(Scalar),
    /// An expression of the user's.
    Sql(SqlMask),
}

impl Rule {
    /// What is meant by a mask as written.
    ///
    /// # Errors
    /// When a value of an option can never be right.
    pub fn meant(written: &WrittenMask) -> Result<Rule, RuleError> {
        Ok(match written {
            WrittenMask::Null => Rule::Null,
            WrittenMask::Word(word) => match word {
                MaskWord::Email => Rule::Email { domain: "example.com".into() },
                MaskWord::Username => Rule::Username,
                MaskWord::Url => Rule::Url,
                MaskWord::Uuid => Rule::Uuid,
                MaskWord::Ip => Rule::Ip,
                MaskWord::Card => Rule::Card(CardKind::Invalid),
                MaskWord::RegistrationNumber => Rule::RegistrationNumber,
                MaskWord::BusinessNumber => Rule::BusinessNumber,
                MaskWord::Identifier => Rule::Identifier { within: None },
                MaskWord::Bytes => Rule::Bytes { length: None },
            },
            WrittenMask::Map(options) => match options {
                MaskOptions::Email(email) => Rule::Email { domain: domain(&email.domain)? },
                MaskOptions::Phone(kind) => Rule::Phone(*kind),
                MaskOptions::Fake(fake) => Rule::Fake(*fake),
                MaskOptions::PostalCode(country) => Rule::PostalCode(*country),
                MaskOptions::Date(date) => {
                    if let DateOptions::Shift(shift) = date {
                        within("shift", shift.shift.into(), 1, 3650)?;
                    }
                    Rule::Date(date.clone())
                }
                MaskOptions::Card(kind) => Rule::Card(*kind),
                MaskOptions::Identifier(options) => {
                    Rule::Identifier { within: Some(within("within", options.within, 100, 1_000_000_000_000)?) }
                }
                MaskOptions::Text(kind) => Rule::Text(*kind),
                MaskOptions::Bytes(length) => {
                    let length = within("bytes", (*length).into(), 12, 32)?;
                    Rule::Bytes { length: usize::try_from(length).ok() }
                }
                MaskOptions::Enum(EnumOptions::Any) => Rule::Enum { by: None },
                MaskOptions::Enum(EnumOptions::By(by)) => Rule::Enum { by: Some(by.by.clone()) },
                MaskOptions::Number(options) => {
                    let noise = within("noise", options.noise.into(), 1, 90)?;
                    Rule::Number { noise: u8::try_from(noise).unwrap_or(u8::MAX) }
                }
                MaskOptions::Range(range) => {
                    within("shift", range.shift.into(), 1, 3650)?;
                    Rule::Range(Shift { shift: range.shift, by: range.by.clone() })
                }
                MaskOptions::Composite(parts) => Rule::Composite(composite(parts)?),
                MaskOptions::Hstore(hstore) => {
                    Rule::Hstore { keys: path::hstore(&hstore.keys)?, keep_other: hstore.other == Other::Keep }
                }
                MaskOptions::Json(JsonOptions::Shape) => Rule::JsonShape,
                MaskOptions::Json(JsonOptions::Paths(paths)) => Rule::Json(path::rules(paths)?),
                MaskOptions::Fixed(value) => Rule::Fixed(value.clone()),
                MaskOptions::Sql(sql) if sql.expression.trim().is_empty() => {
                    return Err(RuleError::Empty { option: "sql" });
                }
                MaskOptions::Sql(sql) => Rule::Sql(sql.clone()),
            },
        })
    }

    /// Its name in the configuration.
    pub fn name(&self) -> &'static str {
        match self {
            Rule::Email { .. } => "email",
            Rule::Phone(_) => "phone",
            Rule::Fake(_) => "fake",
            Rule::PostalCode(_) => "postal_code",
            Rule::Date(_) => "date",
            Rule::RegistrationNumber => "registration_number",
            Rule::BusinessNumber => "business_number",
            Rule::Card(_) => "card",
            Rule::Ip => "ip",
            Rule::Url => "url",
            Rule::Username => "username",
            Rule::Uuid => "uuid",
            Rule::Identifier { .. } => "identifier",
            Rule::Text(_) => "text",
            Rule::Bytes { .. } => "bytes",
            Rule::Enum { .. } => "enum",
            Rule::Number { .. } => "number",
            Rule::Range(_) => "range",
            Rule::Composite(_) => "composite",
            Rule::Hstore { .. } => "hstore",
            Rule::Json(_) | Rule::JsonShape => "json",
            Rule::Null => "null",
            Rule::Fixed(_) => "fixed",
            Rule::Sql(_) => "sql",
        }
    }
}

fn within(option: &'static str, given: i64, least: i64, most: i64) -> Result<i64, RuleError> {
    let range = RuleError::Range { option, given, least, most };
    if (least..=most).contains(&given) { Ok(given) } else { Err(range) }
}

fn composite(parts: &BTreeMap<String, PartMask>) -> Result<Vec<(String, Option<Rule>)>, RuleError> {
    let rule = |part: &PartMask| match part {
        PartMask::Keep => Ok(None),
        PartMask::Mask(mask) => Rule::meant(mask).map(Some),
    };
    parts.iter().map(|(name, part)| Ok((name.clone(), rule(part)?))).collect()
}

/// Lower case, as addresses are compared in lower case.
fn domain(written: &str) -> Result<String, RuleError> {
    let is_label = |label: &str| {
        let inner = label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        !label.is_empty() && inner && !label.starts_with('-') && !label.ends_with('-')
    };
    let domain = written.to_ascii_lowercase();
    let right = domain.len() <= 100 && domain.contains('.') && domain.split('.').all(is_label);
    if right { Ok(domain) } else { Err(RuleError::Domain { domain: written.into() }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meant(yaml: &str) -> Result<Rule, RuleError> {
        Rule::meant(&serde_yaml::from_str(yaml).unwrap())
    }

    #[test]
    fn values_that_can_never_be_right_are_refused() {
        assert_eq!(meant("email").unwrap(), Rule::Email { domain: "example.com".into() });
        assert_eq!(meant("email: { domain: Dev.Example }").unwrap(), Rule::Email { domain: "dev.example".into() });
        for wrong in [
            "email: { domain: \"x'); DROP\" }",
            "email: { domain: localhost }",
            "date: { shift: 0 }",
            "identifier: { within: 1 }",
            "bytes: 4",
            "bytes: 64",
            "json: {}",
            "json: { \"$..*.\": email }",
            "json: { \"$..a\": email, \"$..a.b\": email }",
            "json: { \"$.a\": identifier }",
            "json: { \"$.a\": email, \"$.a.b\": null }",
            "sql: \" \"",
        ] {
            let error = meant(wrong).unwrap_err();
            assert!(!error.to_string().is_empty(), "{wrong}");
        }
    }
}

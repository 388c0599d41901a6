//! Rule tree: a resolved mask. Composites, hstores and JSON contain rules for the values inside them.

use crate::config::mask::{CardKind, Country, DateOptions, Fake, PhoneKind, Scalar, Shift, SqlMask, TextKind};

use super::json_path::Path;

/// A resolved mask.
#[derive(Clone, Debug, PartialEq)]
pub enum Rule {
    /// E-mail address.
    Email {
        /// Domain of the addresses, in lower case.
        domain: String,
    },
    /// Telephone number.
    Phone(PhoneKind),
    /// Name, address or company from a word list.
    Fake(Fake),
    /// Unassigned postal code.
    PostalCode(Country),
    /// Date near the original.
    Date(DateOptions),
    /// Korean resident registration number with an invalid check digit.
    RegistrationNumber,
    /// Korean business registration number with an invalid check digit.
    BusinessNumber,
    /// Card number of a test range.
    Card(CardKind),
    /// IP address of a documentation range.
    Ip,
    /// Web address.
    Url,
    /// User name.
    Username,
    /// UUID.
    Uuid,
    /// Integer, permuted.
    Identifier {
        /// The numbers from 1 to this limit are permuted among themselves.
        within: Option<i64>,
    },
    /// Free text.
    Text(TextKind),
    /// Bytes.
    Bytes {
        /// Number of bytes; `None` keeps the original length.
        length: Option<usize>,
    },
    /// Enum label, chosen by other columns of the row.
    Enum {
        /// Column that decides; `None` for all others.
        by: Option<String>,
    },
    /// Number near the original.
    Number {
        /// Maximum deviation in percent.
        noise: u8,
    },
    /// Range, shifted.
    Range(Shift),
    /// Composite, by attribute; `None` keeps the attribute.
    Composite(Vec<(String, Option<Rule>)>),
    /// hstore.
    Hstore {
        /// Masks by key.
        keys: Vec<(String, Rule)>,
        /// Whether the values of all other keys are kept.
        keep_other: bool,
    },
    /// JSON, by path.
    Json(Vec<(Path, Rule)>),
    /// JSON of which strings become their shapes and numbers 0.
    JsonShape,
    /// NULL.
    Null,
    /// Constant.
    Fixed(Scalar),
    /// User-defined SQL expression.
    Sql(SqlMask),
    /// Another rule, whose author guarantees that constraints hold.
    Vouched {
        /// The rule.
        rule: Box<Rule>,
        /// Names of the constraints, or `NOT NULL`.
        constraints: Vec<String>,
    },
}

impl Rule {
    /// Whether a masked value may keep parts of the original on purpose: what no path of a document selects, or what
    /// `text: redact` does not recognize.
    pub fn keeps_parts(&self) -> bool {
        match self {
            Rule::Json(_) | Rule::Text(TextKind::Redact) | Rule::Hstore { keep_other: true, .. } => true,
            Rule::Vouched { rule, .. } => rule.keeps_parts(),
            Rule::Hstore { keys, .. } => keys.iter().any(|(_, rule)| rule.keeps_parts()),
            Rule::Composite(attributes) => {
                attributes.iter().any(|(_, rule)| rule.as_ref().is_none_or(Rule::keeps_parts))
            }
            _ => false,
        }
    }

    /// Name in the configuration.
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
            Rule::Vouched { rule, .. } => rule.name(),
        }
    }

    /// The rule that computes the values.
    pub fn unvouched(&self) -> &Rule {
        if let Rule::Vouched { rule, .. } = self { rule.unvouched() } else { self }
    }
}

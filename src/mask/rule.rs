//! A mask as meant: what was written, with its values checked.

use crate::config::mask::{
    CardKind, Country, DateOptions, Fake, MaskOptions, MaskWord, PhoneKind, Scalar, SqlMask, TextKind, WrittenMask,
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
    /// A label of the enum, chosen by another column.
    Enum {
        /// The column.
        by: String,
    },
    /// Masks of values inside JSON.
    Json(Vec<(Path, Rule)>),
    /// NULL.
    Null,
    /// A value.
    Fixed(Scalar),
    /// An expression of the user's.
    Sql(SqlMask),
}

/// The way to a value inside JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path(pub Vec<Step>);

/// One step of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Into an object, by key.
    Key(String),
    /// Into an array, by position from 0.
    Index(u32),
}

/// What is wrong with a rule, whatever column it is for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RuleError {
    /// The domain of `email` is none.
    #[error("`{domain}` is no domain for e-mail addresses; write one such as `example.com`")]
    Domain {
        /// What was written.
        domain: String,
    },
    /// A number is out of its range.
    #[error("`{option}` is {given}; it must be from {least} to {most}")]
    Range {
        /// The option.
        option: &'static str,
        /// What was written.
        given: i64,
        /// The least that is taken.
        least: i64,
        /// The most.
        most: i64,
    },
    /// A path into JSON cannot be read.
    #[error("`{path}` is no path that devdb takes: {why}")]
    Path {
        /// What was written.
        path: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A mask cannot stand inside JSON.
    #[error("the mask `{mask}` of `{path}` cannot be used inside JSON; take one that makes text, `null` or `fixed`")]
    InsideJson {
        /// The path.
        path: String,
        /// The mask.
        mask: &'static str,
    },
    /// Two paths of which one leads through the other.
    #[error("`{inner}` lies inside `{outer}`, which is masked as a whole; remove one of them")]
    Nested {
        /// The longer path.
        inner: String,
        /// The shorter one.
        outer: String,
    },
    /// Something is empty that may not be.
    #[error("`{option}` is empty")]
    Empty {
        /// The option.
        option: &'static str,
    },
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
                MaskOptions::Enum(by) => Rule::Enum { by: by.by.clone() },
                MaskOptions::Json(paths) => Rule::Json(json(paths)?),
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
            Rule::Json(_) => "json",
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

fn json(paths: &std::collections::BTreeMap<String, WrittenMask>) -> Result<Vec<(Path, Rule)>, RuleError> {
    if paths.is_empty() {
        return Err(RuleError::Empty { option: "json" });
    }
    let mut read: Vec<(Path, Rule)> = Vec::new();
    for (text, written) in paths {
        let path = Path::read(text)?;
        let rule = Rule::meant(written)?;
        let inside = !matches!(
            rule,
            Rule::Json(_)
                | Rule::Identifier { .. }
                | Rule::Bytes { .. }
                | Rule::Date(_)
                | Rule::Enum { .. }
                | Rule::Sql(_)
        );
        if !inside {
            return Err(RuleError::InsideJson { path: text.clone(), mask: rule.name() });
        }
        for (other, _) in &read {
            let (short, long) = if other.0.len() <= path.0.len() { (other, &path) } else { (&path, other) };
            if long.0.starts_with(&short.0) {
                return Err(RuleError::Nested { inner: long.to_string(), outer: short.to_string() });
            }
        }
        read.push((path, rule));
    }
    Ok(read)
}

impl Path {
    /// Reads `$.user.emails[0]`, `$."a key"`.
    fn read(text: &str) -> Result<Path, RuleError> {
        let wrong = |why| RuleError::Path { path: text.to_owned(), why };
        let mut rest = text.strip_prefix('$').ok_or_else(|| wrong("it begins with `$`, the whole document"))?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            if rest.starts_with("..") || rest.contains('*') {
                return Err(wrong("name every step of it; `..` and `*` are not taken"));
            } else if let Some(quoted) = rest.strip_prefix(".\"") {
                let end = quoted.find('"').ok_or_else(|| wrong("a quotation mark is not closed"))?;
                steps.push(Step::Key(quoted[..end].to_owned()));
                rest = &quoted[end + 1..];
            } else if let Some(key) = rest.strip_prefix('.') {
                let end = key.find(['.', '[']).unwrap_or(key.len());
                if end == 0 {
                    return Err(wrong("a key is missing after a dot"));
                }
                steps.push(Step::Key(key[..end].to_owned()));
                rest = &key[end..];
            } else if let Some(index) = rest.strip_prefix('[') {
                let end = index.find(']').ok_or_else(|| wrong("a bracket is not closed"))?;
                let position = index[..end].parse().map_err(|_| wrong("between brackets stands a number"))?;
                steps.push(Step::Index(position));
                rest = &index[end + 1..];
            } else {
                return Err(wrong("a step begins with a dot or a bracket"));
            }
        }
        if steps.is_empty() {
            Err(wrong("it leads to the whole document: mask the column instead"))
        } else {
            Ok(Path(steps))
        }
    }
}

impl std::fmt::Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("$")?;
        self.0.iter().try_for_each(|step| match step {
            Step::Key(key) if key.contains(['.', '[', ' ']) => write!(f, ".\"{key}\""),
            Step::Key(key) => write!(f, ".{key}"),
            Step::Index(position) => write!(f, "[{position}]"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meant(yaml: &str) -> Result<Rule, RuleError> {
        Rule::meant(&serde_yaml::from_str(yaml).unwrap())
    }

    #[test]
    fn paths_are_read() {
        let path = Path::read("$.user.\"a b\".list[3].x").unwrap();
        let key = |key: &str| Step::Key(key.into());
        assert_eq!(path.0, [key("user"), key("a b"), key("list"), Step::Index(3), key("x")]);
        assert_eq!(path.to_string(), "$.user.\"a b\".list[3].x");
        for wrong in ["", "user", "$", "$..phone", "$.a[*]", "$.a[x]", "$.", "$.\"a", "$a"] {
            assert!(Path::read(wrong).is_err(), "{wrong}");
        }
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
            "json: { \"$..a\": email }",
            "json: { \"$.a\": identifier }",
            "json: { \"$.a\": email, \"$.a.b\": null }",
            "sql: \" \"",
        ] {
            let error = meant(wrong).unwrap_err();
            assert!(!error.to_string().is_empty(), "{wrong}");
        }
    }
}

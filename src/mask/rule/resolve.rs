//! Resolution: configured mask → rule, with the options validated.

use std::collections::BTreeMap;

use super::error::RuleError;
use super::json_path::Path;
use super::tree::Rule;
use crate::config::mask::{
    CardKind, DateOptions, EnumOptions, JsonOptions, MaskOptions, MaskWord, OtherValues, PartMask, RawMask, Shift,
};

impl Rule {
    /// Resolves a configured mask.
    ///
    /// # Errors
    /// An option has a value that is invalid for every column.
    pub fn resolve(configured: &RawMask) -> Result<Rule, RuleError> {
        match configured {
            RawMask::Null => Ok(Rule::Null),
            RawMask::Word(word) => Ok(without_options(*word)),
            RawMask::Map(options) => with_options(options),
        }
    }
}

fn without_options(word: MaskWord) -> Rule {
    match word {
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
    }
}

fn with_options(options: &MaskOptions) -> Result<Rule, RuleError> {
    Ok(match options {
        MaskOptions::Email(email) => Rule::Email { domain: domain(&email.domain)? },
        MaskOptions::Phone(kind) => Rule::Phone(*kind),
        MaskOptions::Fake(fake) => Rule::Fake(*fake),
        MaskOptions::PostalCode(country) => Rule::PostalCode(*country),
        MaskOptions::Date(date) => {
            if let DateOptions::Shift(shift) = date {
                in_range("shift", shift.shift.into(), 1, 3650)?;
            }
            Rule::Date(date.clone())
        }
        MaskOptions::Card(kind) => Rule::Card(*kind),
        MaskOptions::Identifier(options) => {
            Rule::Identifier { within: Some(in_range("within", options.within, 100, 1_000_000_000_000)?) }
        }
        MaskOptions::Text(kind) => Rule::Text(*kind),
        MaskOptions::Bytes(length) => {
            let length = in_range("bytes", (*length).into(), 12, 32)?;
            Rule::Bytes { length: usize::try_from(length).ok() }
        }
        MaskOptions::Enum(EnumOptions::Any) => Rule::Enum { by: None },
        MaskOptions::Enum(EnumOptions::By(by)) => Rule::Enum { by: Some(by.by.clone()) },
        MaskOptions::Number(options) => {
            let noise = in_range("noise", options.noise.into(), 1, 90)?;
            Rule::Number { noise: u8::try_from(noise).unwrap_or(u8::MAX) }
        }
        MaskOptions::Range(range) => {
            in_range("shift", range.shift.into(), 1, 3650)?;
            Rule::Range(Shift { shift: range.shift, by: range.by.clone() })
        }
        MaskOptions::Composite(attributes) => Rule::Composite(composite(attributes)?),
        MaskOptions::Hstore(hstore) => {
            Rule::Hstore { keys: hstore_keys(&hstore.keys)?, keep_other: hstore.other == OtherValues::Keep }
        }
        MaskOptions::Json(JsonOptions::Shape) => Rule::JsonShape,
        MaskOptions::Json(JsonOptions::Paths(paths)) => Rule::Json(json_paths(paths)?),
        MaskOptions::Fixed(value) => Rule::Fixed(value.clone()),
        MaskOptions::Sql(sql) if sql.expression.trim().is_empty() => {
            return Err(RuleError::Empty { option: "sql" });
        }
        MaskOptions::Sql(sql) => Rule::Sql(sql.clone()),
        MaskOptions::Vouch(vouched) if vouched.constraints.is_empty() => {
            return Err(RuleError::Empty { option: "constraints" });
        }
        MaskOptions::Vouch(vouched) => {
            Rule::Vouched { rule: Box::new(Rule::resolve(&vouched.mask)?), constraints: vouched.constraints.clone() }
        }
    })
}

fn in_range(option: &'static str, given: i64, min: i64, max: i64) -> Result<i64, RuleError> {
    let error = RuleError::Range { option, given, min, max };
    if (min..=max).contains(&given) { Ok(given) } else { Err(error) }
}

fn composite(attributes: &BTreeMap<String, PartMask>) -> Result<Vec<(String, Option<Rule>)>, RuleError> {
    let rule = |attribute: &PartMask| match attribute {
        PartMask::Keep => Ok(None),
        PartMask::Mask(mask) => Rule::resolve(mask).map(Some),
    };
    attributes.iter().map(|(name, attribute)| Ok((name.clone(), rule(attribute)?))).collect()
}

fn json_paths(paths: &BTreeMap<String, RawMask>) -> Result<Vec<(Path, Rule)>, RuleError> {
    if paths.is_empty() {
        return Err(RuleError::Empty { option: "json" });
    }
    let mut resolved: Vec<(Path, Rule)> = Vec::new();
    for (text, mask) in paths {
        let path = Path::parse(text)?;
        let rule = text_rule("JSON", text, mask)?;
        for (other, _) in &resolved {
            let (short, long) = if other.0.len() <= path.0.len() { (other, &path) } else { (&path, other) };
            if long.0.starts_with(&short.0) {
                return Err(RuleError::Nested { inner: long.to_string(), outer: short.to_string() });
            }
        }
        resolved.push((path, rule));
    }
    Ok(resolved)
}

fn hstore_keys(keys: &BTreeMap<String, RawMask>) -> Result<Vec<(String, Rule)>, RuleError> {
    keys.iter().map(|(key, mask)| Ok((key.clone(), text_rule("hstore", key, mask)?))).collect()
}

/// Resolves the mask of a text inside a container.
fn text_rule(container: &'static str, location: &str, mask: &RawMask) -> Result<Rule, RuleError> {
    let rule = Rule::resolve(mask)?;
    let is_text = match rule {
        Rule::Email { .. } | Rule::Phone(_) | Rule::Fake(_) | Rule::PostalCode(_) | Rule::RegistrationNumber => true,
        Rule::BusinessNumber | Rule::Card(_) | Rule::Ip | Rule::Url | Rule::Username | Rule::Uuid | Rule::Text(_) => {
            true
        }
        Rule::Null | Rule::Fixed(_) => true,
        Rule::Vouched { .. } => false,
        Rule::Date(_) | Rule::Identifier { .. } | Rule::Bytes { .. } | Rule::Enum { .. } | Rule::Number { .. } => false,
        Rule::Range(_) | Rule::Composite(_) | Rule::Hstore { .. } | Rule::Json(_) | Rule::JsonShape | Rule::Sql(_) => {
            false
        }
    };
    let mask = rule.name();
    if is_text { Ok(rule) } else { Err(RuleError::Inside { container, location: location.to_owned(), mask }) }
}

/// Validates a domain and converts it to lower case, because addresses are compared in lower case.
fn domain(configured: &str) -> Result<String, RuleError> {
    let is_label = |label: &str| {
        let inner = label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        !label.is_empty() && inner && !label.starts_with('-') && !label.ends_with('-')
    };
    let domain = configured.to_ascii_lowercase();
    let is_valid = domain.len() <= 100 && domain.contains('.') && domain.split('.').all(is_label);
    if is_valid { Ok(domain) } else { Err(RuleError::Domain { domain: configured.into() }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(yaml: &str) -> Result<Rule, RuleError> {
        Rule::resolve(&serde_yaml::from_str(yaml).unwrap())
    }

    #[test]
    fn invalid_options_are_refused() {
        assert_eq!(resolve("email").unwrap(), Rule::Email { domain: "example.com".into() });
        assert_eq!(resolve("email: { domain: Dev.Example }").unwrap(), Rule::Email { domain: "dev.example".into() });
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
            "vouch: { mask: email, constraints: [] }",
            "json: { \"$.a\": { vouch: { mask: email, constraints: [a] } } }",
        ] {
            let error = resolve(wrong).unwrap_err();
            assert!(!error.to_string().is_empty(), "{wrong}");
        }
    }
}

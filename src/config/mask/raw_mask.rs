//! Masks and their recursive options.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::options::{
    CardKind, Country, DateOptions, EmailOptions, EnumOptions, Fake, IdentifierOptions, NumberOptions, OtherValues,
    PhoneKind, RangeOptions, Scalar, SqlMask, TextKind,
};

/// A raw mask. It is serialized in the form in which it is read.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum RawMask {
    /// `null`: the value becomes NULL.
    Null,
    /// A mask without options: `email`.
    Word(MaskWord),
    /// A mask with options: `phone: kr`.
    Map(MaskOptions),
}

/// Masks that need no options.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MaskWord {
    /// E-mail address at example.com.
    Email,
    /// User name.
    Username,
    /// URL.
    Url,
    /// UUID of version 4.
    Uuid,
    /// IP address of the ranges reserved for documentation.
    Ip,
    /// Card number of a test range that fails the Luhn check.
    Card,
    /// Korean resident registration number with a wrong checksum.
    RegistrationNumber,
    /// Korean business number with a wrong checksum.
    BusinessNumber,
    /// Permutation of the integers. Columns that reference the column are masked with it.
    Identifier,
    /// Bytes of the same length.
    Bytes,
}

/// Masks with options. Exactly one is written.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MaskOptions {
    /// E-mail address at a given domain.
    Email(EmailOptions),
    /// Telephone number.
    Phone(PhoneKind),
    /// Value from a word list: a name, an address, a company.
    Fake(Fake),
    /// Postal code that is not in use.
    PostalCode(Country),
    /// Date close to the original.
    Date(DateOptions),
    /// Card number of a test range.
    Card(CardKind),
    /// Permutation of the integers that maps 1 to `within` onto themselves.
    Identifier(IdentifierOptions),
    /// Free text.
    Text(TextKind),
    /// This number of bytes, 12 to 32.
    Bytes(u32),
    /// Another label of the enum, chosen by other columns of the row.
    Enum(EnumOptions),
    /// Number close to the original.
    Number(NumberOptions),
    /// Range, shifted by up to this distance.
    Range(RangeOptions),
    /// Masks for the attributes of a composite type. Every attribute must be named.
    Composite(BTreeMap<String, PartMask>),
    /// Masks for the values of an hstore.
    Hstore(HstoreOptions),
    /// Masks for values inside JSON.
    Json(JsonOptions),
    /// This value.
    Fixed(Scalar),
    /// This SQL expression.
    Sql(SqlMask),
    /// A mask, and constraints that its author guarantees to hold, because devdb cannot prove it.
    Vouch(VouchedMask),
}

/// A mask with constraints that its author guarantees to hold.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VouchedMask {
    /// The mask.
    pub mask: Box<RawMask>,
    /// Names of the constraints, or `NOT NULL`. Their rows are checked before the first table is changed.
    pub constraints: Vec<String>,
}

/// Masks for values inside JSON.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum JsonOptions {
    /// Every string becomes its shape, every number 0.
    Shape,
    /// Masks by path: `$.user.email`, `$..phone`, `$.tags[*]`.
    #[serde(untagged)]
    Paths(BTreeMap<String, RawMask>),
}

/// Mask for an attribute of a composite type.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PartMask {
    /// The attribute stays unmasked.
    Keep,
    /// The attribute is masked.
    #[serde(untagged)]
    Mask(RawMask),
}

/// Masks for the values of an hstore.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HstoreOptions {
    /// Masks by key.
    pub keys: BTreeMap<String, RawMask>,
    /// Treatment of the values under all other keys.
    #[serde(default)]
    pub other: OtherValues,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::mask::Shift;

    fn read(yaml: &str) -> Result<RawMask, String> {
        serde_yaml::from_str(yaml).map_err(|error| error.to_string())
    }

    #[test]
    fn all_forms_are_read() {
        assert_eq!(read("email").unwrap(), RawMask::Word(MaskWord::Email));
        assert_eq!(read("null").unwrap(), RawMask::Null);
        assert_eq!(read("phone: kr").unwrap(), RawMask::Map(MaskOptions::Phone(PhoneKind::Kr)));
        assert_eq!(read("{ fake: korean_name }").unwrap(), RawMask::Map(MaskOptions::Fake(Fake::KoreanName)));
        assert_eq!(read("date: year").unwrap(), RawMask::Map(MaskOptions::Date(DateOptions::Year)));
        let shift = Shift { shift: 30, by: Some("id".into()) };
        let shifted = RawMask::Map(MaskOptions::Date(DateOptions::Shift(shift)));
        assert_eq!(read("date: { shift: 30, by: id }").unwrap(), shifted);
        let fixed = RawMask::Map(MaskOptions::Fixed(Scalar::Text("$2b$10".into())));
        assert_eq!(read("fixed: \"$2b$10\"").unwrap(), fixed);
        let RawMask::Map(MaskOptions::Json(JsonOptions::Paths(paths))) =
            read("json: { \"$.user.email\": email, \"$.phone\": { phone: kr }, \"$.note\": null }").unwrap()
        else {
            panic!("not JSON")
        };
        assert_eq!(paths["$.note"], RawMask::Null);
        assert_eq!(read("json: shape").unwrap(), RawMask::Map(MaskOptions::Json(JsonOptions::Shape)));
        assert!(matches!(read("sql: lower(name)").unwrap(), RawMask::Map(MaskOptions::Sql(_))));
        let vouched = read("sql: { expression: lower(name), vouch: [users_name_key] }").unwrap();
        assert!(matches!(vouched, RawMask::Map(MaskOptions::Sql(SqlMask { vouch, .. })) if vouch.len() == 1));
    }

    #[test]
    fn a_mask_is_serialized_in_the_form_in_which_it_is_read() {
        for json in [
            "null",
            r#""email""#,
            r#"{"phone":"kr"}"#,
            r#"{"date":"year"}"#,
            r#"{"date":{"by":"id","shift":30}}"#,
            r#"{"enum":"any"}"#,
            r#"{"enum":{"by":"plan"}}"#,
            r#"{"fixed":"$2b$10"}"#,
            r#"{"fixed":7}"#,
            r#"{"json":"shape"}"#,
            r#"{"json":{"$.note":null,"$.user.email":"email"}}"#,
            r#"{"composite":{"city":{"fake":"korean_address"},"note":null,"zip":"keep"}}"#,
            r#"{"hstore":{"keys":{"mail":"email"},"other":"keep"}}"#,
            r#"{"hstore":{"keys":{},"other":null}}"#,
            r#"{"sql":{"expression":"lower(name)","vouch":["users_name_key"]}}"#,
            r#"{"vouch":{"constraints":["users_phone_check"],"mask":{"phone":"kr"}}}"#,
        ] {
            let mask: RawMask = serde_json::from_str(json).unwrap();
            assert_eq!(crate::digest::canonical_json(&mask), json);
        }
    }

    #[test]
    fn errors_name_the_valid_forms() {
        for (yaml, expected) in [
            ("emial", "email"),
            ("phone: fr", "kr"),
            ("{ phone: kr, email: { domain: a.b } }", ""),
            ("date: { shfit: 3 }", "shift"),
            ("[email]", "a map with one mask"),
            ("12", "the name of a mask"),
        ] {
            let error = read(yaml).unwrap_err();
            assert!(error.contains(expected), "{yaml}: {error}");
        }
    }

    #[test]
    fn the_schema_has_every_mask() {
        let schema = schemars::schema_for!(RawMask).to_value().to_string();
        for word in ["registration_number", "postal_code", "korean_name", "within", "vouch", "redact"] {
            assert!(schema.contains(word), "{word} is not in {schema}");
        }
    }
}

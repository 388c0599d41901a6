//! A mask as written in `devdb.yaml`: nothing, a word, or a map of one key. `mask::Rule` is what is
//! meant; this room knows the forms only.

mod forms;
mod options;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(in crate::config) use forms::{Either, WordOr, word};
pub use options::*;

/// A mask as written. It is serialized in the form in which it is read.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum WrittenMask {
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
    /// An address at example.com.
    Email,
    /// A user name.
    Username,
    /// An address on the web.
    Url,
    /// A UUID of version 4.
    Uuid,
    /// An address of the ranges for documentation.
    Ip,
    /// A card number of a test range that fails the Luhn check.
    Card,
    /// A Korean resident registration number whose checksum is wrong.
    RegistrationNumber,
    /// A Korean business number whose checksum is wrong.
    BusinessNumber,
    /// A permutation of the integers: foreign keys follow by themselves.
    Identifier,
    /// Bytes of the same length.
    Bytes,
}

/// Masks with options; exactly one.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MaskOptions {
    /// An address at a domain of choice.
    Email(EmailOptions),
    /// A telephone number.
    Phone(PhoneKind),
    /// A value of a list: a name, an address, a company.
    Fake(Fake),
    /// A postal code that is not in use.
    PostalCode(Country),
    /// A date near the date.
    Date(DateOptions),
    /// A card number of a test range.
    Card(CardKind),
    /// A permutation of the integers that keeps 1 to `within` among themselves.
    Identifier(IdentifierOptions),
    /// Free text.
    Text(TextKind),
    /// This many bytes, 12 to 32.
    Bytes(u32),
    /// Another label of the enum, chosen by other columns of the row.
    Enum(EnumOptions),
    /// A number near the number.
    Number(NumberOptions),
    /// A range moved by up to so much.
    Range(RangeOptions),
    /// Masks of a composite's attributes; all of them are named.
    Composite(BTreeMap<String, PartMask>),
    /// Masks of an hstore's values.
    Hstore(HstoreOptions),
    /// Values inside JSON.
    Json(JsonOptions),
    /// This value.
    Fixed(Scalar),
    /// This SQL expression.
    Sql(SqlMask),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(yaml: &str) -> Result<WrittenMask, String> {
        serde_yaml::from_str(yaml).map_err(|error| error.to_string())
    }

    #[test]
    fn all_forms_of_writing_are_read() {
        assert_eq!(read("email").unwrap(), WrittenMask::Word(MaskWord::Email));
        assert_eq!(read("null").unwrap(), WrittenMask::Null);
        assert_eq!(read("phone: kr").unwrap(), WrittenMask::Map(MaskOptions::Phone(PhoneKind::Kr)));
        assert_eq!(read("{ fake: korean_name }").unwrap(), WrittenMask::Map(MaskOptions::Fake(Fake::KoreanName)));
        assert_eq!(read("date: year").unwrap(), WrittenMask::Map(MaskOptions::Date(DateOptions::Year)));
        let shift = Shift { shift: 30, by: Some("id".into()) };
        let shifted = WrittenMask::Map(MaskOptions::Date(DateOptions::Shift(shift)));
        assert_eq!(read("date: { shift: 30, by: id }").unwrap(), shifted);
        let fixed = WrittenMask::Map(MaskOptions::Fixed(Scalar::Text("$2b$10".into())));
        assert_eq!(read("fixed: \"$2b$10\"").unwrap(), fixed);
        let WrittenMask::Map(MaskOptions::Json(JsonOptions::Paths(paths))) =
            read("json: { \"$.user.email\": email, \"$.phone\": { phone: kr }, \"$.note\": null }").unwrap()
        else {
            panic!("not JSON")
        };
        assert_eq!(paths["$.note"], WrittenMask::Null);
        assert_eq!(read("json: shape").unwrap(), WrittenMask::Map(MaskOptions::Json(JsonOptions::Shape)));
        assert!(matches!(read("sql: lower(name)").unwrap(), WrittenMask::Map(MaskOptions::Sql(_))));
        let vouched = read("sql: { expression: lower(name), vouch: [users_name_key] }").unwrap();
        assert!(matches!(vouched, WrittenMask::Map(MaskOptions::Sql(SqlMask { vouch, .. })) if vouch.len() == 1));
    }

    #[test]
    fn masks_are_serialized_as_they_are_written() {
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
        ] {
            let mask: WrittenMask = serde_json::from_str(json).unwrap();
            assert_eq!(crate::digest::canonical_json(&mask), json);
        }
    }

    #[test]
    fn what_is_no_mask_is_complained_about_with_what_would_be() {
        for (yaml, said) in [
            ("emial", "email"),
            ("phone: fr", "kr"),
            ("{ phone: kr, email: { domain: a.b } }", ""),
            ("date: { shfit: 3 }", "shift"),
            ("[email]", "a map of one mask"),
            ("12", "the name of a mask"),
        ] {
            let error = read(yaml).unwrap_err();
            assert!(error.contains(said), "{yaml}: {error}");
        }
    }

    #[test]
    fn the_schema_has_every_mask() {
        let schema = schemars::schema_for!(WrittenMask).to_value().to_string();
        for word in ["registration_number", "postal_code", "korean_name", "within", "vouch", "redact"] {
            assert!(schema.contains(word), "{word} is not in {schema}");
        }
    }
}

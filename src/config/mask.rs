//! A mask as written in `devdb.yaml`: nothing, a word, or a map of one key. `mask::Rule` is what is
//! meant; this room knows the forms only.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{Deserializer, MapAccess, Visitor};

/// A mask as written.
#[derive(Clone, Debug, PartialEq)]
pub enum WrittenMask {
    /// `null`: the value becomes NULL.
    Null,
    /// A mask without options: `email`.
    Word(MaskWord),
    /// A mask with options: `phone: kr`.
    Map(MaskOptions),
}

/// Masks that need no options.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
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
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
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
    /// Another label of the enum, chosen by another column of the row.
    Enum(By),
    /// Masks of values inside JSON, by path: `$.user.email`.
    Json(BTreeMap<String, WrittenMask>),
    /// This value.
    Fixed(Scalar),
    /// This SQL expression.
    Sql(SqlMask),
}

/// Options of `email`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EmailOptions {
    /// The domain of all addresses. Take one that nobody receives mail at.
    pub domain: String,
}

/// How telephone numbers look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PhoneKind {
    /// Korean mobile numbers: 010-1234-5678.
    Kr,
    /// International: +821012345678.
    E164,
    /// North American: 415-555-0123.
    Us,
}

/// What is taken from a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Fake {
    /// Family and given name: 김서연.
    KoreanName,
    /// 김
    KoreanFamilyName,
    /// 서연
    KoreanGivenName,
    /// Given and family name: Emma Carter.
    EnglishName,
    /// Carter
    EnglishFamilyName,
    /// Emma
    EnglishGivenName,
    /// 서울특별시 마포구 은행나무로 12
    KoreanAddress,
    /// 12 Maple Street, Springfield
    EnglishAddress,
    /// 한빛물산
    KoreanCompany,
    /// Northwind Trading
    EnglishCompany,
}

/// A country whose forms are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Country {
    /// Korea.
    Kr,
    /// The United States.
    Us,
}

/// Options of `date`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DateOptions {
    /// The year is kept.
    Year,
    /// Year and month are kept.
    Month,
    /// Moved by up to so many days.
    Shift(Shift),
}

/// How far a date is moved.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Shift {
    /// Days, to either side.
    pub shift: u32,
    /// A column of the same table: all dates of rows with the same value in it are moved alike.
    pub by: Option<String>,
}

/// Whether card numbers pass the Luhn check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CardKind {
    /// They pass.
    Valid,
    /// They fail.
    Invalid,
}

/// Options of `identifier`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IdentifierOptions {
    /// 1 to this number stay among themselves.
    pub within: i64,
}

/// What becomes of free text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TextKind {
    /// Other text of the same length.
    Lorem,
    /// Its shape: every letter an x, every digit a 0.
    Shape,
    /// Itself, without e-mail addresses and runs of digits.
    Redact,
}

/// A column of the same table that decides.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct By {
    /// The column.
    pub by: String,
}

/// A value of `fixed`.
#[derive(Clone, Debug, PartialEq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Scalar {
    /// `true`, `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Text.
    Text(String),
}

/// An expression in SQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlMask {
    /// The expression; it may use every column of its table.
    pub expression: String,
    /// Constraints that its author says it keeps.
    pub vouch: Vec<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Vouched {
    /// The expression; it may use every column of its table.
    expression: String,
    /// Constraints that its author says it keeps: devdb cannot prove it.
    #[serde(default)]
    vouch: Vec<String>,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum DateWord {
    /// The year is kept.
    Year,
    /// Year and month are kept.
    Month,
}

/// A word or a map: what most options are.
struct WordOr<W, M> {
    expecting: &'static str,
    word: fn(&str) -> Result<W, serde::de::value::Error>,
    made: std::marker::PhantomData<M>,
}

enum Either<W, M> {
    Word(W),
    Map(M),
    Nothing,
}

impl<'de, W, M: Deserialize<'de>> Visitor<'de> for WordOr<W, M> {
    type Value = Either<W, M>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expecting)
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Self::Value, E> {
        Ok(Either::Nothing)
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<Self::Value, E> {
        Ok(Either::Nothing)
    }

    fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<Self::Value, E> {
        (self.word)(word).map(Either::Word).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        M::deserialize(MapAccessDeserializer::new(map)).map(Either::Map)
    }
}

fn word<'de, W: Deserialize<'de>>(word: &'de str) -> Result<W, serde::de::value::Error> {
    W::deserialize(StrDeserializer::new(word))
}

impl<'de> Deserialize<'de> for WrittenMask {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let expecting = "`null`, the name of a mask, or a map of one mask to its options";
        let either = WordOr::<MaskWord, MaskOptions> { expecting, word: |text| word(text), made: Default::default() };
        Ok(match from.deserialize_any(either)? {
            Either::Nothing => WrittenMask::Null,
            Either::Word(word) => WrittenMask::Word(word),
            Either::Map(options) => WrittenMask::Map(options),
        })
    }
}

impl<'de> Deserialize<'de> for DateOptions {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let expecting = "`year`, `month` or `{shift: DAYS}`";
        let either = WordOr::<DateWord, Shift> { expecting, word: |text| word(text), made: Default::default() };
        match from.deserialize_any(either)? {
            Either::Nothing => Err(serde::de::Error::custom(format!("expected {expecting}"))),
            Either::Word(DateWord::Year) => Ok(DateOptions::Year),
            Either::Word(DateWord::Month) => Ok(DateOptions::Month),
            Either::Map(shift) => Ok(DateOptions::Shift(shift)),
        }
    }
}

impl<'de> Deserialize<'de> for SqlMask {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let expecting = "an SQL expression, or `{expression: …, vouch: […]}`";
        let either = WordOr::<String, Vouched> { expecting, word: |text| Ok(text.into()), made: Default::default() };
        match from.deserialize_any(either)? {
            Either::Nothing => Err(serde::de::Error::custom(format!("expected {expecting}"))),
            Either::Word(expression) => Ok(SqlMask { expression, vouch: Vec::new() }),
            Either::Map(Vouched { expression, vouch }) => Ok(SqlMask { expression, vouch }),
        }
    }
}

impl JsonSchema for WrittenMask {
    fn schema_name() -> Cow<'static, str> {
        "Mask".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let words = generator.subschema_for::<MaskWord>();
        let options = generator.subschema_for::<MaskOptions>();
        json_schema!({
            "description": "What becomes of a column's values. `devdb masks` lists all masks.",
            "oneOf": [{ "type": "null", "description": "The value becomes NULL." }, words, options],
        })
    }
}

impl JsonSchema for DateOptions {
    fn schema_name() -> Cow<'static, str> {
        "DateMask".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let words = generator.subschema_for::<DateWord>();
        let shift = generator.subschema_for::<Shift>();
        json_schema!({ "description": "A date near the date.", "oneOf": [words, shift] })
    }
}

impl JsonSchema for SqlMask {
    fn schema_name() -> Cow<'static, str> {
        "SqlMask".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let vouched = generator.subschema_for::<Vouched>();
        json_schema!({
            "description": "An SQL expression; it may use every column of its table.",
            "oneOf": [{ "type": "string", "description": "The expression." }, vouched],
        })
    }
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
        let WrittenMask::Map(MaskOptions::Json(paths)) =
            read("json: { \"$.user.email\": email, \"$.phone\": { phone: kr }, \"$.note\": null }").unwrap()
        else {
            panic!("not JSON")
        };
        assert_eq!(paths["$.note"], WrittenMask::Null);
        assert!(matches!(read("sql: lower(name)").unwrap(), WrittenMask::Map(MaskOptions::Sql(_))));
        let vouched = read("sql: { expression: lower(name), vouch: [users_name_key] }").unwrap();
        assert!(matches!(vouched, WrittenMask::Map(MaskOptions::Sql(SqlMask { vouch, .. })) if vouch.len() == 1));
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

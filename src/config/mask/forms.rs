//! Masks and options that are written in several forms, how they are read and what the schema says.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{Deserializer, MapAccess, Visitor};

use super::{
    By, DateOptions, EnumOptions, JsonOptions, MaskOptions, MaskWord, Other, PartMask, Shift, SqlMask, WrittenMask,
};

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

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum AnyWord {
    /// By all other columns of the row.
    Any,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum KeepWord {
    /// It stays as it is.
    Keep,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ShapeWord {
    /// Every string becomes its shape, every number 0.
    Shape,
}

/// A word or a map: what most options are.
pub(in crate::config) struct WordOr<W, M> {
    expecting: &'static str,
    word: fn(&str) -> Result<W, serde::de::value::Error>,
    made: std::marker::PhantomData<M>,
}

/// What [`WordOr`] found.
pub(in crate::config) enum Either<W, M> {
    Word(W),
    Map(M),
    Nothing,
}

impl<W, M> WordOr<W, M> {
    pub(in crate::config) fn new(
        expecting: &'static str,
        word: fn(&str) -> Result<W, serde::de::value::Error>,
    ) -> Self {
        WordOr { expecting, word, made: std::marker::PhantomData }
    }
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

pub(in crate::config) fn word<'de, W: Deserialize<'de>>(word: &'de str) -> Result<W, serde::de::value::Error> {
    W::deserialize(StrDeserializer::new(word))
}

impl<'de> Deserialize<'de> for WrittenMask {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let expecting = "`null`, the name of a mask, or a map of one mask to its options";
        let either = WordOr::<MaskWord, MaskOptions>::new(expecting, |text| word(text));
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
        let either = WordOr::<DateWord, Shift>::new(expecting, |text| word(text));
        match from.deserialize_any(either)? {
            Either::Nothing => Err(serde::de::Error::custom(format!("expected {expecting}"))),
            Either::Word(DateWord::Year) => Ok(DateOptions::Year),
            Either::Word(DateWord::Month) => Ok(DateOptions::Month),
            Either::Map(shift) => Ok(DateOptions::Shift(shift)),
        }
    }
}

impl<'de> Deserialize<'de> for JsonOptions {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        type Paths = BTreeMap<String, WrittenMask>;
        let expecting = "`shape` or a map of paths to masks: `{\"$..email\": email}`";
        let either = WordOr::<ShapeWord, Paths>::new(expecting, |text| word(text));
        match from.deserialize_any(either)? {
            Either::Nothing => Err(serde::de::Error::custom(format!("expected {expecting}"))),
            Either::Word(ShapeWord::Shape) => Ok(JsonOptions::Shape),
            Either::Map(paths) => Ok(JsonOptions::Paths(paths)),
        }
    }
}

impl<'de> Deserialize<'de> for EnumOptions {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let expecting = "`any` or `{by: COLUMN}`";
        let either = WordOr::<AnyWord, By>::new(expecting, |text| word(text));
        match from.deserialize_any(either)? {
            Either::Nothing => Err(serde::de::Error::custom(format!("expected {expecting}"))),
            Either::Word(AnyWord::Any) => Ok(EnumOptions::Any),
            Either::Map(by) => Ok(EnumOptions::By(by)),
        }
    }
}

impl<'de> Deserialize<'de> for PartMask {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let expecting = "`keep`, or a mask";
        let made = Default::default();
        let either = WordOr::<PartMask, MaskOptions> { expecting, word: part, made };
        Ok(match from.deserialize_any(either)? {
            Either::Nothing => PartMask::Mask(WrittenMask::Null),
            Either::Word(part) => part,
            Either::Map(options) => PartMask::Mask(WrittenMask::Map(options)),
        })
    }
}

fn part(text: &str) -> Result<PartMask, serde::de::value::Error> {
    if text == "keep" { Ok(PartMask::Keep) } else { word(text).map(WrittenMask::Word).map(PartMask::Mask) }
}

impl<'de> Deserialize<'de> for Other {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(match Option::<KeepWord>::deserialize(from)? {
            None => Other::Null,
            Some(KeepWord::Keep) => Other::Keep,
        })
    }
}

impl<'de> Deserialize<'de> for SqlMask {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let expecting = "an SQL expression, or `{expression: …, vouch: […]}`";
        let either = WordOr::<String, Vouched>::new(expecting, |text| Ok(text.into()));
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

impl JsonSchema for JsonOptions {
    fn schema_name() -> Cow<'static, str> {
        "JsonMask".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let words = generator.subschema_for::<ShapeWord>();
        let paths = generator.subschema_for::<BTreeMap<String, WrittenMask>>();
        json_schema!({ "description": "Values inside JSON.", "oneOf": [words, paths] })
    }
}

impl JsonSchema for EnumOptions {
    fn schema_name() -> Cow<'static, str> {
        "EnumMask".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let words = generator.subschema_for::<AnyWord>();
        let by = generator.subschema_for::<By>();
        json_schema!({ "description": "What chooses a label of an enum.", "oneOf": [words, by] })
    }
}

impl JsonSchema for PartMask {
    fn schema_name() -> Cow<'static, str> {
        "PartMask".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let keep = generator.subschema_for::<KeepWord>();
        let mask = generator.subschema_for::<WrittenMask>();
        json_schema!({ "description": "What becomes of an attribute.", "oneOf": [keep, mask] })
    }
}

impl JsonSchema for Other {
    fn schema_name() -> Cow<'static, str> {
        "OtherValues".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let keep = generator.subschema_for::<KeepWord>();
        let nothing = json_schema!({ "type": "null", "description": "They become NULL." });
        json_schema!({ "description": "Values of other keys.", "oneOf": [nothing, keep] })
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

//! Deserialization and JSON schema of masks and options that have several forms.

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::Deserializer;

use super::options::{DateOptions, EnumOptions, LabelColumn, OtherValues, Shift, SqlMask};
use super::raw_mask::{JsonOptions, MaskOptions, MaskWord, PartMask, RawMask};
use super::word_or_map::{WordOrMap, WordOrMapVisitor, parse_word};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Vouched {
    /// The expression. It may use every column of the table.
    expression: String,
    /// Constraints that its author guarantees to hold, because devdb cannot prove it.
    #[serde(default)]
    vouch: Vec<String>,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum DateWord {
    /// Keeps the year.
    Year,
    /// Keeps year and month.
    Month,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum AnyWord {
    /// Chosen by all other columns of the row.
    Any,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum KeepWord {
    /// Stays unmasked.
    Keep,
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ShapeWord {
    /// Every string becomes its shape, every number 0.
    Shape,
}

impl<'de> Deserialize<'de> for RawMask {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let expecting = "`null`, the name of a mask, or a map with one mask and its options";
        let visitor = WordOrMapVisitor::<MaskWord, MaskOptions>::new(expecting, |text| parse_word(text));
        Ok(match from.deserialize_any(visitor)? {
            WordOrMap::Null => RawMask::Null,
            WordOrMap::Word(word) => RawMask::Word(word),
            WordOrMap::Map(options) => RawMask::Map(options),
        })
    }
}

impl<'de> Deserialize<'de> for DateOptions {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let expecting = "`year`, `month` or `{shift: DAYS}`";
        let visitor = WordOrMapVisitor::<DateWord, Shift>::new(expecting, |text| parse_word(text));
        match from.deserialize_any(visitor)? {
            WordOrMap::Null => Err(serde::de::Error::custom(format!("expected {expecting}"))),
            WordOrMap::Word(DateWord::Year) => Ok(DateOptions::Year),
            WordOrMap::Word(DateWord::Month) => Ok(DateOptions::Month),
            WordOrMap::Map(shift) => Ok(DateOptions::Shift(shift)),
        }
    }
}

impl<'de> Deserialize<'de> for JsonOptions {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        type Paths = BTreeMap<String, RawMask>;
        let expecting = "`shape` or a map from paths to masks: `{\"$..email\": email}`";
        let visitor = WordOrMapVisitor::<ShapeWord, Paths>::new(expecting, |text| parse_word(text));
        match from.deserialize_any(visitor)? {
            WordOrMap::Null => Err(serde::de::Error::custom(format!("expected {expecting}"))),
            WordOrMap::Word(ShapeWord::Shape) => Ok(JsonOptions::Shape),
            WordOrMap::Map(paths) => Ok(JsonOptions::Paths(paths)),
        }
    }
}

impl<'de> Deserialize<'de> for EnumOptions {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let expecting = "`any` or `{by: COLUMN}`";
        let visitor = WordOrMapVisitor::<AnyWord, LabelColumn>::new(expecting, |text| parse_word(text));
        match from.deserialize_any(visitor)? {
            WordOrMap::Null => Err(serde::de::Error::custom(format!("expected {expecting}"))),
            WordOrMap::Word(AnyWord::Any) => Ok(EnumOptions::Any),
            WordOrMap::Map(by) => Ok(EnumOptions::By(by)),
        }
    }
}

impl<'de> Deserialize<'de> for PartMask {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let expecting = "`keep`, or a mask";
        let visitor = WordOrMapVisitor::<PartMask, MaskOptions>::new(expecting, parse_part);
        Ok(match from.deserialize_any(visitor)? {
            WordOrMap::Null => PartMask::Mask(RawMask::Null),
            WordOrMap::Word(part) => part,
            WordOrMap::Map(options) => PartMask::Mask(RawMask::Map(options)),
        })
    }
}

fn parse_part(text: &str) -> Result<PartMask, serde::de::value::Error> {
    if text == "keep" { Ok(PartMask::Keep) } else { parse_word(text).map(RawMask::Word).map(PartMask::Mask) }
}

impl<'de> Deserialize<'de> for OtherValues {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(match Option::<KeepWord>::deserialize(from)? {
            None => OtherValues::Null,
            Some(KeepWord::Keep) => OtherValues::Keep,
        })
    }
}

impl<'de> Deserialize<'de> for SqlMask {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let expecting = "an SQL expression, or `{expression: …, vouch: […]}`";
        let visitor = WordOrMapVisitor::<String, Vouched>::new(expecting, |text| Ok(text.into()));
        match from.deserialize_any(visitor)? {
            WordOrMap::Null => Err(serde::de::Error::custom(format!("expected {expecting}"))),
            WordOrMap::Word(expression) => Ok(SqlMask { expression, vouch: Vec::new() }),
            WordOrMap::Map(Vouched { expression, vouch }) => Ok(SqlMask { expression, vouch }),
        }
    }
}

impl JsonSchema for RawMask {
    fn schema_name() -> Cow<'static, str> {
        "Mask".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let words = generator.subschema_for::<MaskWord>();
        let options = generator.subschema_for::<MaskOptions>();
        json_schema!({
            "description": "Mask for the values of a column. `devdb masks` lists all masks.",
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
        json_schema!({ "description": "Date close to the original.", "oneOf": [words, shift] })
    }
}

impl JsonSchema for JsonOptions {
    fn schema_name() -> Cow<'static, str> {
        "JsonMask".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let words = generator.subschema_for::<ShapeWord>();
        let paths = generator.subschema_for::<BTreeMap<String, RawMask>>();
        json_schema!({ "description": "Masks for values inside JSON.", "oneOf": [words, paths] })
    }
}

impl JsonSchema for EnumOptions {
    fn schema_name() -> Cow<'static, str> {
        "EnumMask".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let words = generator.subschema_for::<AnyWord>();
        let by = generator.subschema_for::<LabelColumn>();
        json_schema!({ "description": "Columns that determine the label of an enum.", "oneOf": [words, by] })
    }
}

impl JsonSchema for PartMask {
    fn schema_name() -> Cow<'static, str> {
        "PartMask".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let keep = generator.subschema_for::<KeepWord>();
        let mask = generator.subschema_for::<RawMask>();
        json_schema!({ "description": "Mask for an attribute.", "oneOf": [keep, mask] })
    }
}

impl JsonSchema for OtherValues {
    fn schema_name() -> Cow<'static, str> {
        "OtherValues".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let keep = generator.subschema_for::<KeepWord>();
        let nothing = json_schema!({ "type": "null", "description": "The values become NULL." });
        json_schema!({ "description": "Treatment of the values under all other keys.", "oneOf": [nothing, keep] })
    }
}

impl JsonSchema for SqlMask {
    fn schema_name() -> Cow<'static, str> {
        "SqlMask".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let vouched = generator.subschema_for::<Vouched>();
        json_schema!({
            "description": "SQL expression. It may use every column of the table.",
            "oneOf": [{ "type": "string", "description": "The expression." }, vouched],
        })
    }
}

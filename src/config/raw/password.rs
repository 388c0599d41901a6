//! Where a secret comes from, as written: a word, or a map of one key.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor, value::MapAccessDeserializer};

/// Where a secret comes from, as written.
#[derive(Debug)]
pub enum Password {
    /// `env:NAME`, `generate`, or something the checks will refuse: only they can point at its line.
    Word(String),
    /// The standard output of a program.
    Command(Vec<String>),
    /// Made by devdb, and given to a program if there is one.
    Generate(Generate),
}

impl Default for Password {
    fn default() -> Self {
        Password::Word("generate".into())
    }
}

/// What is done with a generated secret.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Generate {
    /// A program that gets it on its standard input and keeps it.
    #[schemars(length(min = 1))]
    pub store: Option<Vec<String>>,
}

impl<'de> Deserialize<'de> for Password {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "lowercase")]
        enum Tagged {
            Command(Vec<String>),
            Generate(Generate),
        }

        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Password;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`env:NAME`, `generate`, `command: […]` or `generate: {store: […]}`")
            }

            fn visit_str<E>(self, word: &str) -> Result<Password, E> {
                Ok(Password::Word(word.to_owned()))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Password, A::Error> {
                Ok(match Tagged::deserialize(MapAccessDeserializer::new(map))? {
                    Tagged::Command(argv) => Password::Command(argv),
                    Tagged::Generate(generate) => Password::Generate(generate),
                })
            }
        }

        from.deserialize_any(Either)
    }
}

impl JsonSchema for Password {
    fn schema_name() -> Cow<'static, str> {
        "Password".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let generate = generator.subschema_for::<Generate>();
        json_schema!({
            "description": "Where a secret comes from. The secret itself never stands in this file.",
            "writeOnly": true,
            "oneOf": [
                {
                    "description": "`env:NAME`: an environment variable. `generate`: made by devdb, 40 characters.",
                    "type": "string",
                    "examples": ["env:NAME", "generate"],
                    "pattern": "^(generate|env:[A-Za-z_][A-Za-z0-9_]*)$|^.*\\$\\{",
                },
                {
                    "description": "The standard output of a program, without the final line break.",
                    "type": "object",
                    "properties": {"command": {"type": "array", "items": {"type": "string"}, "minItems": 1}},
                    "required": ["command"],
                    "additionalProperties": false,
                },
                {
                    "description": "Made by devdb, and given to a program.",
                    "type": "object",
                    "properties": {"generate": generate},
                    "required": ["generate"],
                    "additionalProperties": false,
                },
            ],
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_password_is_a_word_or_a_map_of_one_key() {
        let read = serde_json::from_value::<Password>;
        assert!(matches!(read(json!("env:A")).unwrap(), Password::Word(word) if word == "env:A"));
        assert!(matches!(read(json!({"command": ["a", "b"]})).unwrap(), Password::Command(argv) if argv.len() == 2));
        assert!(matches!(
            read(json!({"generate": {"store": ["a"]}})).unwrap(),
            Password::Generate(Generate { store: Some(_) })
        ));
        for wrong in [json!(1), json!([]), json!({}), json!({"env": "A"}), json!({"command": ["a"], "generate": {}})] {
            assert!(read(wrong.clone()).is_err(), "{wrong}");
        }
    }
}

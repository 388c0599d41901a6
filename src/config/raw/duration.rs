//! Durations in the file.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A duration as text. The checks parse it, because they can report its position.
#[derive(Debug, Deserialize, Serialize)]
#[serde(transparent)]
pub struct RawDuration(pub String);

impl RawDuration {
    /// Returns the raw form of a duration, such as `90s`.
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl JsonSchema for RawDuration {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A duration in seconds, minutes, hours or days.",
            "pattern": "^([0-9]+[smhd])+$|^\\$\\{",
            "examples": ["90s", "15m", "36h", "2d"],
        })
    }
}

//! The raw masking rules.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

use super::Password;
use crate::config::column_path::TablePath;
use crate::config::mask::RawMask;
use crate::config::resolved::{KeptType, LeakCheckMode};

/// Keys of `rules` that name a table. All others name columns.
pub const TABLE_PATTERN: &str = r#"^([^.*"]|"[^"]*")+\.([^.*"]|"[^"]*")+$"#;

/// Masking rules and exemptions. Every column is masked, masked by a script, or kept on purpose; a column that is none
/// of these stops a rotation before it publishes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Masking {
    /// Secret key of the masks, at least 16 characters. As long as it does not change, the same input gives the same
    /// output. Whoever knows it can find originals by trying candidates.
    pub key: Password,
    /// Masks, by table and column (`public.users: { email: email }`) or by column pattern (`"*.*_token": null`). The
    /// full name of a column takes precedence over patterns.
    #[serde(default)]
    pub rules: Rules,
    /// Columns that scripts in `10-scrub` mask. The leak check covers them too.
    #[serde(default)]
    pub scripted: Vec<String>,
    /// Columns that stay unmasked: `public.plans.*`, `"*.id"`.
    #[serde(default)]
    pub keep: Vec<String>,
    /// Types whose columns stay unmasked unless a rule names them.
    #[serde(default)]
    pub keep_types: Vec<KeptType>,
    /// Originals that the leak check may find after masking, each with its reason. Every report shows the reasons.
    #[serde(default)]
    pub survivors: Vec<Survivor>,
    /// Mail domains without real mailboxes, in addition to the reserved ones (example.com, .test, …) and those of masks.
    #[serde(default)]
    pub mail_domains: Vec<String>,
    /// Where the leak check searches for originals: on the `server`, or in devdb on a `stream` of all values.
    #[serde(default)]
    pub leak_check: LeakCheckMode,
    /// Databases that `devdb scrub --database` may change: `127.0.0.1:5432/app_dev`. Never production.
    #[serde(default)]
    pub databases: Vec<String>,
    /// Number of parallel connections for masking and the leak check.
    #[serde(default = "two")]
    #[schemars(range(min = 1, max = 64))]
    pub jobs: usize,
}

fn two() -> usize {
    2
}

/// A foreign key that the database does not declare.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// Referencing table: `public.audit_logs`.
    pub table: String,
    /// Referencing columns.
    #[serde(default)]
    pub columns: Vec<String>,
    /// SQL expression over a row, instead of columns: `payload ->> 'user_id'`. Samples follow it, masks do not.
    pub expression: Option<String>,
    /// SQL condition that selects the referencing rows: `owner_type = 'User'`. Default: all rows.
    #[serde(rename = "where")]
    pub condition: Option<String>,
    /// Referenced table: `public.users`.
    pub to: String,
    /// Referenced columns, in the order of `columns`.
    #[schemars(length(min = 1))]
    pub key: Vec<String>,
}

/// Originals that the leak check may find.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Survivor {
    /// Column in which they may be found: `public.notices.body`.
    #[serde(rename = "in")]
    pub column: String,
    /// Column from which they come. Default: any column.
    pub of: Option<String>,
    /// Reason why they are harmless.
    pub reason: String,
}

/// Masks by table or by column pattern.
#[derive(Debug, Default)]
pub struct Rules(pub Vec<(String, RuleSet)>);

/// The masks under one key of the rules.
#[derive(Debug)]
pub enum RuleSet {
    /// Masks by column; the key is a table.
    Table(BTreeMap<String, RawMask>),
    /// One mask; the key is a column pattern.
    Columns(RawMask),
}

impl<'de> Deserialize<'de> for Rules {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Map;

        impl<'de> Visitor<'de> for Map {
            type Value = Rules;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map from tables or columns to masks")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Rules, A::Error> {
                let mut rules = Vec::new();
                while let Some(key) = map.next_key::<String>()? {
                    let set = if TablePath::parse(&key).is_some() {
                        RuleSet::Table(map.next_value()?)
                    } else {
                        RuleSet::Columns(map.next_value()?)
                    };
                    rules.push((key, set));
                }
                Ok(Rules(rules))
            }
        }

        from.deserialize_map(Map)
    }
}

impl JsonSchema for Rules {
    fn schema_name() -> Cow<'static, str> {
        "MaskRules".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let table = generator.subschema_for::<BTreeMap<String, RawMask>>();
        let columns = generator.subschema_for::<RawMask>();
        json_schema!({
            "type": "object",
            "description": "Masks, by table and column or by column pattern.",
            "patternProperties": { (TABLE_PATTERN): table },
            "additionalProperties": columns,
        })
    }
}

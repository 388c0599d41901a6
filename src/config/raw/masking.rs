//! What becomes of every column, as written.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};

use crate::config::column_path::TablePath;
use crate::config::mask::WrittenMask;
use crate::config::raw::Password;
use crate::config::resolved::{KeptType, LeakCheckMode};

/// Keys of `rules` that name a table; all others name columns.
pub const TABLE_PATTERN: &str = r#"^([^.*"]|"[^"]*")+\.([^.*"]|"[^"]*")+$"#;

/// What becomes of every column: masked, masked by a script, or kept on purpose. One that is nothing of
/// these stops a rotation before it publishes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Masking {
    /// The secret that masks depend on, at least 16 characters: the same input becomes the same output as long as
    /// it stays. Who has it can find out originals by trying.
    pub key: Password,
    /// Masks, by table and column (`public.users: { email: email }`) or by columns (`"*.*_token": null`). The full
    /// name of a column goes before names with `*`.
    #[serde(default)]
    pub rules: Rules,
    /// Columns that scripts in `10-scrub` mask. They are searched for originals like the others.
    #[serde(default)]
    pub scripted: Vec<String>,
    /// Columns that stay as they are: `public.plans.*`, `"*.id"`.
    #[serde(default)]
    pub keep: Vec<String>,
    /// Types whose columns stay as they are unless a rule says otherwise.
    #[serde(default)]
    pub keep_types: Vec<KeptType>,
    /// Originals that may be found after masking, each with the reason; it shows in every report.
    #[serde(default)]
    pub survivors: Vec<Survivor>,
    /// Mail domains that are nobody's, in addition to the reserved ones (example.com, .test …) and those of masks.
    #[serde(default)]
    pub mail_domains: Vec<String>,
    /// Where the search for originals runs: on the `server`, or here on a `stream` of all values.
    #[serde(default)]
    pub leak_check: LeakCheckMode,
    /// Databases that `devdb scrub --database` may change: `127.0.0.1:5432/app_dev`. Never production.
    #[serde(default)]
    pub databases: Vec<String>,
    /// How many connections mask and search at the same time.
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
    /// The table that refers: `public.audit_logs`.
    pub table: String,
    /// Its columns.
    #[serde(default)]
    pub columns: Vec<String>,
    /// Instead of columns, an SQL expression over a row: `payload ->> 'user_id'`. Samples follow it, masks do not.
    pub expression: Option<String>,
    /// The rows that refer, as an SQL condition: `owner_type = 'User'`. Without it, all.
    #[serde(rename = "where")]
    pub condition: Option<String>,
    /// The table referred to: `public.users`.
    pub to: String,
    /// Its columns, in the same order.
    #[schemars(length(min = 1))]
    pub key: Vec<String>,
}

/// Originals that may be found where they are.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Survivor {
    /// The column they may be found in: `public.notices.body`.
    #[serde(rename = "in")]
    pub place: String,
    /// The column they are originals of; any when left out.
    pub of: Option<String>,
    /// Why that is no harm.
    pub reason: String,
}

/// Masks by table or by columns.
#[derive(Debug, Default)]
pub struct Rules(pub Vec<(String, RuleSet)>);

/// What stands at one key of the rules.
#[derive(Debug)]
pub enum RuleSet {
    /// The key is a table: masks by column.
    Table(BTreeMap<String, WrittenMask>),
    /// The key names columns.
    Columns(WrittenMask),
}

impl<'de> Deserialize<'de> for Rules {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Map;

        impl<'de> Visitor<'de> for Map {
            type Value = Rules;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of tables or columns to masks")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Rules, A::Error> {
                let mut rules = Vec::new();
                while let Some(key) = map.next_key::<String>()? {
                    let set = if TablePath::read(&key).is_some() {
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
        let table = generator.subschema_for::<BTreeMap<String, WrittenMask>>();
        let columns = generator.subschema_for::<WrittenMask>();
        json_schema!({
            "type": "object",
            "description": "Masks, by table and column or by columns.",
            "patternProperties": { (TABLE_PATTERN): table },
            "additionalProperties": columns,
        })
    }
}

//! Which rows a sample takes, and where from and to, as meant.

use std::path::PathBuf;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize};

use crate::config::column_path::TablePath;
use crate::config::mask::{Either, WordOr, word};
use crate::config::resolved::{Connect, Password};

/// The data of a few users: down from the seed rows, up from everything.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The table of the seed rows.
    pub root: TablePath,
    /// Its column that seed rows are named by; its primary key when none.
    pub key: Option<String>,
    /// The database that is sampled; the target's only one when none.
    pub database: Option<String>,
    /// Where it reads, and as whom; the live generation as the master user when none.
    pub source: Option<SampleSource>,
    /// What is done about single edges.
    pub edges: Vec<EdgeChoice>,
    /// How much of a table is taken.
    pub tables: Vec<(TablePath, Extent)>,
    /// The most rows.
    pub max_rows: Option<u64>,
    /// The most bytes.
    pub max_bytes: Option<u64>,
    /// Databases that samples may be written into.
    pub targets: Vec<AllowedTarget>,
    /// The image to begin with; `postgres` of the source's major version when none.
    pub image: Option<String>,
    /// Where the container engine listens.
    pub engine: Option<String>,
    /// How many connections read at the same time.
    pub jobs: usize,
    /// The longest that one query may take on the source.
    pub statement_timeout: Duration,
}

/// A database that samples are taken from.
#[derive(Clone, Debug)]
pub struct SampleSource {
    /// Its host; the live generation's when none.
    pub host: Option<String>,
    /// Its port.
    pub port: u16,
    /// The database; the sample's when none.
    pub database: Option<String>,
    /// A role that may SELECT.
    pub user: String,
    /// How it logs in.
    pub login: SampleLogin,
    /// How this program reaches it.
    pub connect: Connect,
    /// Certificate authorities instead of the built-in ones of RDS.
    pub ssl_root_cert: Option<PathBuf>,
}

/// How a role logs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SampleLogin {
    /// With a password.
    Password(Password),
    /// With an IAM token.
    Iam,
}

/// A database that samples may be written into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedTarget {
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Its name.
    pub database: String,
}

/// What is done about one edge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EdgeChoice {
    /// The table that refers.
    pub table: TablePath,
    /// Its columns.
    pub columns: Vec<String>,
    /// The table referred to; any when none.
    pub to: Option<TablePath>,
    /// What is done.
    pub rule: EdgeRule,
}

/// What is done about an edge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EdgeRule {
    /// Rows that refer to an owned row are owned, and a row referred to is required: what is done about every
    /// edge but those from a table to itself, which are stopped.
    Follow,
    /// Rows that refer to an owned row do not come for that; a row referred to is required all the same.
    Stop,
    /// Not followed either way: the columns are NULL in the copy.
    #[serde(untagged)]
    Null,
    /// Of the rows that refer to one owned row, the newest come.
    #[serde(untagged)]
    Limit {
        /// How many for each owned row.
        limit: u64,
        /// The column of the referring table that tells how new a row is.
        newest_by: String,
    },
}

/// How much of a table is taken.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Extent {
    /// All its rows, as reference data: they are required, not owned.
    All,
    /// None; edges to it are emptied in the copy.
    None,
    /// Of the rows reached going down, those that fulfil this condition in SQL.
    Where(String),
    /// The rows that fulfil this condition in SQL as reference data, beside those that are reached.
    Include(String),
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum EdgeWord {
    /// Down to what refers to owned rows, up to what is referred to.
    Follow,
    /// Up only.
    Stop,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Limit {
    /// How many rows for each owned row.
    #[schemars(range(min = 1))]
    limit: u64,
    /// The column of the referring table that tells how new a row is.
    newest_by: String,
}

impl<'de> Deserialize<'de> for EdgeRule {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let expecting = "`follow`, `stop`, `null` or `{limit: N, newest_by: COLUMN}`";
        let either = WordOr::<EdgeWord, Limit>::new(expecting, |text| word(text));
        Ok(match from.deserialize_any(either).map_err(D::Error::custom)? {
            Either::Nothing => EdgeRule::Null,
            Either::Word(EdgeWord::Follow) => EdgeRule::Follow,
            Either::Word(EdgeWord::Stop) => EdgeRule::Stop,
            Either::Map(Limit { limit, newest_by }) => EdgeRule::Limit { limit, newest_by },
        })
    }
}

impl JsonSchema for EdgeRule {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "EdgeRule".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let words = generator.subschema_for::<EdgeWord>();
        let limit = generator.subschema_for::<Limit>();
        json_schema!({
            "description": "What is done about an edge.",
            "oneOf": [{ "type": "null", "description": "Not followed; the columns are NULL in the copy." }, words, limit],
        })
    }
}

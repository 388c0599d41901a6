//! Row selection of samples.

use std::path::PathBuf;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize};

use super::{Connect, Password};
use crate::config::column_path::TablePath;
use crate::config::mask::{WordOrMap, WordOrMapVisitor, parse_word};

/// Row selection of samples: the seed rows, the rows that belong to them, and every row that these reference.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Table of the seed rows.
    pub root: TablePath,
    /// Column that identifies seed rows, or `None` for the primary key.
    pub key: Option<String>,
    /// Sampled database, or `None` for the only one of the target.
    pub database: Option<String>,
    /// Database and role to read from, or `None` for the live generation as the master user.
    pub source: Option<SampleSource>,
    /// Rules for single edges.
    pub edges: Vec<EdgeChoice>,
    /// Rows per table.
    pub tables: Vec<(TablePath, Extent)>,
    /// Maximum number of rows.
    pub max_rows: Option<u64>,
    /// Maximum size in bytes.
    pub max_bytes: Option<u64>,
    /// Databases that samples may be written into.
    pub targets: Vec<AllowedTarget>,
    /// Base image, or `None` for `postgres` with the major version of the source.
    pub image: Option<String>,
    /// Address of the container engine.
    pub engine: Option<String>,
    /// Number of parallel connections, for reading and for writing.
    pub jobs: usize,
    /// Time limit of a query on the source.
    pub statement_timeout: Duration,
}

/// A database that samples are read from.
#[derive(Clone, Debug)]
pub struct SampleSource {
    /// Host, or `None` for the live generation's.
    pub host: Option<String>,
    /// Port.
    pub port: u16,
    /// Database, or `None` for the sample's.
    pub database: Option<String>,
    /// Role with the SELECT privilege.
    pub user: String,
    /// Login method of the role.
    pub login: SampleLogin,
    /// Connection to the server.
    pub connect: Connect,
    /// PEM file with certificate authorities, or `None` for the built-in ones of RDS.
    pub ssl_root_cert: Option<PathBuf>,
}

/// The login method of a role.
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
    /// Host, in lower case.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Name of the database.
    pub database: String,
}

/// The rule for one edge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EdgeChoice {
    /// Referencing table.
    pub table: TablePath,
    /// Referencing columns.
    pub columns: Vec<String>,
    /// Referenced table, or `None` for any.
    pub to: Option<TablePath>,
    /// Rule for the edge.
    pub rule: EdgeRule,
}

/// How an edge is followed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EdgeRule {
    /// Rows that reference an owned row are owned, and a referenced row is required. This is the default, except for
    /// edges from a table to itself, whose default is `stop`.
    Follow,
    /// Rows that reference an owned row are not included because of it. A referenced row is still required.
    Stop,
    /// The edge is not followed in either direction, and its columns are NULL in the sample.
    #[serde(untagged)]
    Null,
    /// Of the rows that reference one owned row, the newest are owned.
    #[serde(untagged)]
    Limit {
        /// Maximum number of rows per owned row.
        limit: u64,
        /// Column of the referencing table by which rows are ordered.
        newest_by: String,
    },
}

/// The rows of a table that a sample includes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Extent {
    /// All rows, as reference data: required, not owned.
    All,
    /// No rows; columns that reference the table are NULL in the sample.
    None,
    /// Of the rows that reference owned rows, those that satisfy this SQL condition.
    Where(String),
    /// The rows that satisfy this SQL condition, as reference data, in addition to the rows that other tables reach.
    Include(String),
}

#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum EdgeWord {
    /// Rows that reference an owned row are included, and so are referenced rows.
    Follow,
    /// Only referenced rows are included.
    Stop,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Limit {
    /// Maximum number of rows per owned row.
    #[schemars(range(min = 1))]
    limit: u64,
    /// Column of the referencing table by which rows are ordered.
    newest_by: String,
}

impl<'de> Deserialize<'de> for EdgeRule {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let expecting = "`follow`, `stop`, `null` or `{limit: N, newest_by: COLUMN}`";
        let visitor = WordOrMapVisitor::<EdgeWord, Limit>::new(expecting, |text| parse_word(text));
        Ok(match from.deserialize_any(visitor).map_err(D::Error::custom)? {
            WordOrMap::Null => EdgeRule::Null,
            WordOrMap::Word(EdgeWord::Follow) => EdgeRule::Follow,
            WordOrMap::Word(EdgeWord::Stop) => EdgeRule::Stop,
            WordOrMap::Map(Limit { limit, newest_by }) => EdgeRule::Limit { limit, newest_by },
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
            "description": "How an edge is followed.",
            "oneOf": [{ "type": "null", "description": "The edge is not followed, and its columns are NULL in the sample." }, words, limit],
        })
    }
}

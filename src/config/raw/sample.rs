//! The raw sample configuration.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use super::{Connect, Password, RawDuration};
use crate::config::resolved::{EdgeRule, Extent};

/// Row selection of `devdb sample`: the seed rows, the rows that belong to them, and every row that these reference.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// Table of the seed rows: `public.users`.
    pub root: String,
    /// Column of that table whose values `--users` lists. Default: its primary key.
    pub key: Option<String>,
    /// Sampled database; required only if the target has several.
    pub database: Option<String>,
    /// Database and role that devdb reads from. Default: the live generation, as the master user.
    pub source: Option<SampleSource>,
    /// Rules for single edges (foreign keys).
    #[serde(default)]
    pub edges: Vec<Edge>,
    /// Rows per table: `all`, `none`, `{where: CONDITION}` or `{include: CONDITION}`.
    #[serde(default)]
    pub tables: BTreeMap<String, Extent>,
    /// Maximum number of rows. A larger sample is refused before any row is copied.
    #[schemars(range(min = 1))]
    pub max_rows: Option<u64>,
    /// Maximum size, such as `2GB`. A larger sample is refused before any row is copied.
    pub max_bytes: Option<ByteSize>,
    /// Databases that devdb may write samples into: `HOST/DATABASE` or `HOST:PORT/DATABASE`, with `*` for every
    /// database of a server. All others are refused.
    #[serde(default)]
    pub targets: Vec<String>,
    /// Container images.
    #[serde(default)]
    pub container: Container,
    /// Number of parallel connections, for reading and for writing.
    #[serde(default = "four")]
    #[schemars(range(min = 1, max = 64))]
    pub jobs: usize,
    /// Time limit of a query on the source.
    #[serde(default = "minutes_30")]
    pub statement_timeout: RawDuration,
}

/// A database that samples are read from. devdb never writes to it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SampleSource {
    /// Endpoint of one instance, such as a replica; not an endpoint that balances connections over several servers.
    /// Default: the live generation's.
    pub host: Option<String>,
    /// Port.
    #[serde(default = "port")]
    #[schemars(range(min = 1, max = 65_535))]
    pub port: u16,
    /// Database. Default: the sample's.
    pub database: Option<String>,
    /// Role with the SELECT privilege.
    pub user: String,
    /// Password of the role; alternative to `iam`.
    pub password: Option<Password>,
    /// Whether the role logs in with an IAM token.
    #[serde(default)]
    pub iam: bool,
    /// Connection: `direct`, `ssm` or `command`. The live generation is always reached as its target configures.
    #[serde(default)]
    pub connect: Connect,
    /// PEM file with certificate authorities. Default: the built-in ones of RDS. The live generation always uses those
    /// of its target.
    pub ssl_root_cert: Option<PathBuf>,
}

/// A rule for one edge (foreign key).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Edge {
    /// Referencing table: `public.sessions`.
    pub table: String,
    /// Referencing columns.
    #[schemars(length(min = 1))]
    pub columns: Vec<String>,
    /// Referenced table; required only if the same columns reference several tables.
    pub to: Option<String>,
    /// `follow`, `stop`, `null` or `{limit: N, newest_by: COLUMN}`.
    pub rule: EdgeRule,
}

/// Container images.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Container {
    /// Base image. Default: `postgres` with the major version of the source.
    pub image: Option<String>,
    /// Address of the container engine: `unix:///run/podman/podman.sock`. Default: DOCKER_HOST, then the docker context.
    pub engine: Option<String>,
}

/// A size in bytes as text. The checks parse it, because they can report its position.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct ByteSize(pub String);

impl JsonSchema for ByteSize {
    fn schema_name() -> Cow<'static, str> {
        "ByteSize".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A size in bytes, with units in powers of 1024.",
            "pattern": "^[0-9]+(kB|MB|GB|TB)$|^\\$\\{",
            "examples": ["500MB", "2GB"],
        })
    }
}

fn four() -> usize {
    4
}

fn port() -> u16 {
    5432
}

fn minutes_30() -> RawDuration {
    RawDuration::new("30m")
}

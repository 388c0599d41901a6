//! Which rows a sample takes, and where from and to, as written.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

use crate::config::raw::{Connect, Length, Password};
use crate::config::resolved::{EdgeRule, Extent};

/// The data of a few users, as `devdb sample` takes it: down from the seed rows, up from everything.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// The table of the seed rows: `public.users`.
    pub root: String,
    /// Its column that `--users` names rows by. Default: its primary key.
    pub key: Option<String>,
    /// The database that is sampled; needed only when the target has several.
    pub database: Option<String>,
    /// Where it reads, and as whom. Default: the live generation, as the master user.
    pub source: Option<SampleSource>,
    /// What is done about single edges.
    #[serde(default)]
    pub edges: Vec<Edge>,
    /// How much of a table is taken, by table: `all`, `none`, `{where: CONDITION}` or `{include: CONDITION}`.
    #[serde(default)]
    pub tables: BTreeMap<String, Extent>,
    /// The most rows; a larger sample stops before anything is copied.
    #[schemars(range(min = 1))]
    pub max_rows: Option<u64>,
    /// The most bytes, such as `2GB`; a larger sample stops before anything is copied.
    pub max_bytes: Option<Size>,
    /// Databases that samples may be written into: `HOST/DATABASE` or `HOST:PORT/DATABASE`, with `*` for every database
    /// of a server. No other one is touched.
    #[serde(default)]
    pub targets: Vec<String>,
    /// How images are made.
    #[serde(default)]
    pub container: Container,
    /// How many connections read, and how many write, at the same time.
    #[serde(default = "four")]
    #[schemars(range(min = 1, max = 64))]
    pub jobs: usize,
    /// The longest that one query may take on the source.
    #[serde(default = "minutes_30")]
    pub statement_timeout: Length,
}

/// A database that samples are taken from. devdb only reads it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SampleSource {
    /// The instance's own endpoint, such as a replica's: not one that spreads connections over several servers.
    /// Default: the live generation's.
    pub host: Option<String>,
    /// Its port.
    #[serde(default = "port")]
    #[schemars(range(min = 1, max = 65_535))]
    pub port: u16,
    /// The database. Default: the sample's.
    pub database: Option<String>,
    /// A role that may SELECT.
    pub user: String,
    /// Its password; `iam` makes a token instead.
    pub password: Option<Password>,
    /// Whether it logs in with an IAM token.
    #[serde(default)]
    pub iam: bool,
    /// How devdb reaches it: `direct`, `ssm` or `command`. Of the live generation, as the target says.
    #[serde(default)]
    pub connect: Connect,
    /// PEM file with certificate authorities, instead of the built-in ones of RDS. Of the live generation, as the
    /// target says.
    pub ssl_root_cert: Option<PathBuf>,
}

/// What is done about one edge.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Edge {
    /// The table that refers: `public.sessions`.
    pub table: String,
    /// Its columns.
    #[schemars(length(min = 1))]
    pub columns: Vec<String>,
    /// The table referred to; needed only when the same columns refer to several.
    pub to: Option<String>,
    /// `follow`, `stop`, `null` or `{limit: N, newest_by: COLUMN}`.
    pub rule: EdgeRule,
}

/// How images are made.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Container {
    /// The image to begin with. Default: `postgres` of the source's major version.
    pub image: Option<String>,
    /// Where the engine listens: `unix:///run/podman/podman.sock`. Default: DOCKER_HOST, then the docker context.
    pub engine: Option<String>,
}

/// A number of bytes as written.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub struct Size(pub String);

impl JsonSchema for Size {
    fn schema_name() -> Cow<'static, str> {
        "Size".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A number of bytes, in powers of 1024.",
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

fn minutes_30() -> Length {
    Length("30m".into())
}

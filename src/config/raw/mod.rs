//! The configuration as written. The JSON schema is generated from these types, and the doc comments
//! are its descriptions: they are read in editors, by people who write a `devdb.yaml`.
//!
//! No `flatten`, `untagged` or `tag`: serde buffers values inside them and error messages get worse.

mod masking;
mod password;
mod sample;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

pub use masking::{Masking, Reference, RuleSet, Rules, TABLE_PATTERN};
pub use password::{Generate, Password};
pub use sample::{Edge, Sample, SampleSource, Size};

/// Fresh, scrubbed development databases from production snapshots. `${NAME}` in a value is replaced
/// by the environment variable NAME; `$${` stands for `${`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "devdb.yaml")]
pub struct File {
    /// Version of this form.
    #[schemars(extend("const" = 1))]
    #[expect(dead_code, reason = "the schema allows one value only")]
    pub version: u32,
    /// The development databases by name.
    #[schemars(extend("minProperties" = 1))]
    pub targets: BTreeMap<String, Target>,
    /// What becomes of every column.
    pub mask: Masking,
    /// Foreign keys that the databases do not declare: a masked key is followed through them too.
    #[serde(default)]
    pub references: Vec<Reference>,
    /// Which rows `devdb sample` takes.
    pub sample: Option<Sample>,
}

/// One development database that is rotated.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Where its generations live.
    pub platform: Platform,
    /// Where its data comes from.
    pub source: Source,
    /// How its generations are named and kept.
    pub generation: Generation,
    /// The name developers connect to.
    pub record: Record,
    /// How devdb reaches an instance: `direct`, `ssm` or `command`.
    #[serde(default)]
    pub connect: Connect,
    /// PEM file with certificate authorities, instead of the built-in ones of RDS.
    pub ssl_root_cert: Option<PathBuf>,
    /// The databases on the instance that are scrubbed and published.
    #[schemars(length(min = 1))]
    pub databases: Vec<Database>,
    /// The master user's new password.
    #[serde(default)]
    pub master_password: Password,
    /// Roles that may log in, or that are made. All other login roles are closed.
    #[serde(default)]
    pub roles: Roles,
    /// What is done with dangers that are found in the clone.
    #[serde(default)]
    pub hazards: Hazards,
    /// Limits of each wait.
    #[serde(default)]
    pub deadlines: Deadlines,
}

/// Where generations live.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Platform {
    /// Amazon RDS and Route 53.
    Aws(Aws),
    /// PostgreSQL clusters on this machine.
    Local(Local),
}

/// Amazon RDS and Route 53.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Aws {
    /// The account that everything lives in: 12 digits, in quotes.
    pub account: String,
    /// The region, such as `ap-northeast-2`.
    pub region: String,
    /// ARN of a role to assume with GitHub's OIDC token; devdb renews it by itself.
    pub role: Option<String>,
    /// Instance class of a generation, such as `db.t4g.medium`.
    pub class: String,
    /// Storage type, such as `gp3`; without it, the snapshot's.
    pub storage_type: Option<String>,
    /// DB subnet group.
    pub subnet_group: String,
    /// DB parameter group.
    pub parameter_group: String,
    /// Security groups until a generation is published: only devdb gets in, nothing gets out.
    #[schemars(length(min = 1))]
    pub quarantine_security_groups: Vec<String>,
    /// Security groups from then on.
    #[schemars(length(min = 1))]
    pub developer_security_groups: Vec<String>,
    /// Whether developers log in with IAM tokens.
    #[serde(default)]
    pub iam_authentication: bool,
    /// Your own tags.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// PostgreSQL clusters on this machine.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Local {
    /// The folder with `snapshots/`, `instances/` and `pg_service.conf`; relative to this file.
    pub root: PathBuf,
    /// The role whose password is reset and which runs the scripts.
    #[serde(default = "postgres")]
    pub master_user: String,
    /// Server settings in addition to those in the snapshot.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
}

/// Where the data comes from.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The production instance's identifier.
    pub instance: String,
    /// Its immutable id (`db-…`), to refuse snapshots of another instance that had the name.
    pub resource_id: Option<String>,
    /// Kinds of snapshots that may be taken. Default: `automated` and `awsbackup` on aws, `basebackup` on local.
    #[schemars(length(min = 1))]
    pub snapshots: Option<Vec<SnapshotKind>>,
    /// The oldest snapshot that is restored.
    #[serde(default = "hours_36")]
    pub max_snapshot_age: Length,
}

/// A kind of snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SnapshotKind {
    /// RDS's own nightly ones.
    Automated,
    /// Made by hand or by a script.
    Manual,
    /// Made by AWS Backup.
    Awsbackup,
    /// Shared by another account.
    Shared,
    /// A directory copy of a cluster, such as `pg_basebackup` makes; `local` only.
    Basebackup,
}

impl SnapshotKind {
    /// The word for it, in the file and in what a platform says of a snapshot.
    pub fn as_str(self) -> &'static str {
        match self {
            SnapshotKind::Automated => "automated",
            SnapshotKind::Manual => "manual",
            SnapshotKind::Awsbackup => "awsbackup",
            SnapshotKind::Shared => "shared",
            SnapshotKind::Basebackup => "basebackup",
        }
    }
}

/// How generations are named and kept.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Generation {
    /// Prefix of their names: at least 6 characters, ending in `-`. Only what begins with it is ever changed.
    pub prefix: String,
    /// How many replaced generations are kept for `devdb rollback`.
    #[serde(default)]
    #[schemars(range(max = 5))]
    pub keep: usize,
    /// When the live one counts as stale.
    #[serde(default = "hours_36")]
    pub max_age: Length,
    /// How long after its last sign of life a run counts as dead.
    #[serde(default = "minutes_3")]
    pub lease: Length,
}

/// The name developers connect to.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Id of the Route 53 hosted zone; `aws` only.
    pub zone: Option<String>,
    /// DNS name, or on `local` the service's name in `pg_service.conf`.
    pub name: String,
    /// How long resolvers may keep it. Default: 60s on aws, 0s on local.
    pub ttl: Option<Length>,
}

/// How devdb reaches an instance.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Connect {
    /// By its own network.
    #[default]
    Direct,
    /// Through an SSM port forwarding session over an EC2 instance.
    Ssm {
        /// The EC2 instance's id.
        instance: String,
    },
    /// Through a program that forwards a port; `{host}`, `{port}` and `{local_port}` are replaced in each argument.
    Command(#[schemars(length(min = 1))] Vec<String>),
}

/// A database on the instance.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// Its name.
    pub name: String,
    /// The folder with its scripts, relative to this file.
    pub postproc: Option<PathBuf>,
    /// Values for `:'name'` and `current_setting('devdb.name')` in the scripts.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// Secret values, for `current_setting('devdb.name')` only.
    #[serde(default)]
    pub secrets: BTreeMap<String, Password>,
}

/// Roles that may log in, or that are made.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Roles {
    /// Login roles that stay open, by name.
    #[serde(default)]
    pub allow: BTreeMap<String, AllowedRole>,
    /// Roles that are made if they are missing, by name.
    #[serde(default)]
    pub ensure: BTreeMap<String, EnsuredRole>,
}

/// A login role that stays open.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AllowedRole {
    /// Its new password; production's never stays.
    pub password: Option<Password>,
}

/// A role that is made if it is missing.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnsuredRole {
    /// Whether it may log in.
    #[serde(default)]
    pub login: bool,
    /// Its password.
    pub password: Option<Password>,
    /// Roles it becomes a member of.
    #[serde(default)]
    pub member_of: Vec<String>,
    /// What it is granted in every database: `SELECT ON ALL TABLES IN SCHEMA app`.
    #[serde(default)]
    pub grants: Vec<String>,
}

/// What is done with dangers that are found in the clone.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hazards {
    /// Hazards that are left as they are, by name, each with the reason; it shows in every report.
    #[serde(default)]
    pub keep: BTreeMap<String, String>,
}

/// Limits of each wait.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Deadlines {
    /// From the restore call until the instance is available.
    pub restore: Length,
    /// From the password call until a login works.
    pub password: Length,
    /// Each script.
    pub script: Length,
    /// From the swap until the name serves the new generation.
    pub publish: Length,
    /// Until a retired generation is gone.
    pub retire: Length,
}

impl Default for Deadlines {
    fn default() -> Self {
        let length = |text: &str| Length(text.to_owned());
        Self {
            restore: length("3h"),
            password: length("15m"),
            script: length("4h"),
            publish: length("15m"),
            retire: length("30m"),
        }
    }
}

fn postgres() -> String {
    "postgres".into()
}

fn hours_36() -> Length {
    Length("36h".into())
}

fn minutes_3() -> Length {
    Length("3m".into())
}

/// A length of time as written. It is read by the checks, which can point at its line.
#[derive(Debug, Deserialize, serde::Serialize)]
#[serde(transparent)]
pub struct Length(pub String);

impl JsonSchema for Length {
    fn schema_name() -> Cow<'static, str> {
        "Length".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A length of time in seconds, minutes, hours or days.",
            "pattern": "^([0-9]+[smhd])+$|^\\$\\{",
            "examples": ["90s", "15m", "36h", "2d"],
        })
    }
}

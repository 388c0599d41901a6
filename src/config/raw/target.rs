//! A development database that is rotated.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Password, Platform, RawDuration, Roles};

/// A development database that is rotated.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Platform on which its generations run.
    pub platform: Platform,
    /// Production instance and its snapshots.
    pub source: Source,
    /// Names and retention of generations.
    pub generation: Generation,
    /// Name that developers connect to.
    pub record: Record,
    /// Connection to instances: `direct`, `ssm` or `command`.
    #[serde(default)]
    pub connect: Connect,
    /// PEM file with certificate authorities. Default: the built-in ones of RDS.
    pub ssl_root_cert: Option<PathBuf>,
    /// Databases of the instance that are scrubbed and published.
    #[schemars(length(min = 1))]
    pub databases: Vec<Database>,
    /// New password of the master user.
    #[serde(default)]
    pub master_password: Password,
    /// Roles that may log in or are created. All other roles lose the right to log in.
    #[serde(default)]
    pub roles: Roles,
    /// Exceptions from the hazard checks.
    #[serde(default)]
    pub hazards: Hazards,
    /// Time limits.
    #[serde(default)]
    pub deadlines: Deadlines,
}

/// The production instance and its snapshots.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Identifier of the production instance.
    pub instance: String,
    /// Immutable id of the instance (`db-…`), to refuse snapshots of an earlier instance with the same name.
    pub resource_id: Option<String>,
    /// Kinds of snapshots that may be restored. Default: `automated` and `awsbackup` on aws, `basebackup` on local.
    #[schemars(length(min = 1))]
    pub snapshots: Option<Vec<SnapshotKind>>,
    /// Maximum age of a snapshot.
    #[serde(default = "hours_36")]
    pub max_snapshot_age: RawDuration,
}

/// A kind of snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SnapshotKind {
    /// Automated nightly snapshot of RDS.
    Automated,
    /// Snapshot made by a person or a script.
    Manual,
    /// Snapshot made by AWS Backup.
    Awsbackup,
    /// Snapshot shared by another account.
    Shared,
    /// Directory copy of a cluster, such as `pg_basebackup` makes; `local` only.
    Basebackup,
}

impl SnapshotKind {
    /// Returns its name in the file and in the platforms' descriptions of snapshots.
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

/// Names and retention of generations.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Generation {
    /// Prefix of generation names: at least 6 characters, ending in `-`. devdb changes only instances with this prefix.
    pub prefix: String,
    /// Number of replaced generations kept for `devdb rollback`.
    #[serde(default)]
    #[schemars(range(max = 5))]
    pub keep: usize,
    /// Age at which the live generation is stale.
    #[serde(default = "hours_36")]
    pub max_age: RawDuration,
    /// Time after its last lease renewal at which a run is considered dead.
    #[serde(default = "minutes_3")]
    pub lease: RawDuration,
}

/// The name that developers connect to.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Id of the Route 53 hosted zone; `aws` only.
    pub zone: Option<String>,
    /// DNS name; on `local` the name of the service in `pg_service.conf`.
    pub name: String,
    /// Time that resolvers may cache the record. Default: 60s on aws, 0s on local.
    pub ttl: Option<RawDuration>,
}

/// The connection to instances.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Connect {
    /// Directly over the network.
    #[default]
    Direct,
    /// Through SSM port forwarding over an EC2 instance.
    Ssm {
        /// Id of the EC2 instance.
        instance: String,
    },
    /// Through a program that forwards a port; `{host}`, `{port}` and `{local_port}` are replaced in each argument.
    Command(#[schemars(length(min = 1))] Vec<String>),
}

/// A database of the instance.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// Name of the database.
    pub name: String,
    /// Folder with its scripts, relative to this file.
    pub postproc: Option<PathBuf>,
    /// Variables for `:'name'` and `current_setting('devdb.name')` in the scripts.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// Secret variables, for `current_setting('devdb.name')` only.
    #[serde(default)]
    pub secrets: BTreeMap<String, Password>,
}

/// Exceptions from the hazard checks.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hazards {
    /// Hazards that are not removed, by name, each with its reason. Every report shows the reasons.
    #[serde(default)]
    pub keep: BTreeMap<String, String>,
}

/// Time limits.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Deadlines {
    /// From the restore call until the instance is available.
    pub restore: RawDuration,
    /// From the password change until a login succeeds.
    pub password: RawDuration,
    /// Run time of each script.
    pub script: RawDuration,
    /// From the swap until the name resolves to the new generation.
    pub publish: RawDuration,
    /// From the delete call until a retired generation is gone.
    pub retire: RawDuration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            restore: RawDuration::new("3h"),
            password: RawDuration::new("15m"),
            script: RawDuration::new("4h"),
            publish: RawDuration::new("15m"),
            retire: RawDuration::new("30m"),
        }
    }
}

fn hours_36() -> RawDuration {
    RawDuration::new("36h")
}

fn minutes_3() -> RawDuration {
    RawDuration::new("3m")
}

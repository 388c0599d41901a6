//! The platform on which generations run.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Deserialize;

/// The platform on which generations run.
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
    /// AWS account of the source, its snapshots and the generations: 12 digits, in quotes.
    pub account: String,
    /// AWS region, such as `ap-northeast-2`.
    pub region: String,
    /// ARN of an IAM role to assume with GitHub's OIDC token; devdb renews the credentials itself.
    pub role: Option<String>,
    /// Instance class of a generation, such as `db.t4g.medium`.
    pub class: String,
    /// Storage type: `gp3`, `gp2` or `standard`. Default: that of RDS, `gp3`.
    pub storage_type: Option<String>,
    /// Storage of a generation in GiB, at least the snapshot's. Default: the snapshot's.
    pub storage: Option<u32>,
    /// DB subnet group.
    pub subnet_group: String,
    /// DB parameter group.
    pub parameter_group: String,
    /// Security groups of a generation before it is published: inbound from devdb only, no outbound.
    #[schemars(length(min = 1))]
    pub quarantine_security_groups: Vec<String>,
    /// Security groups of a published generation.
    #[schemars(length(min = 1))]
    pub developer_security_groups: Vec<String>,
    /// Whether developers log in with IAM tokens.
    #[serde(default)]
    pub iam_authentication: bool,
    /// Additional tags for generations.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

/// PostgreSQL clusters on this machine.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Local {
    /// Folder with `snapshots/`, `instances/` and `pg_service.conf`, relative to this file.
    pub root: PathBuf,
    /// Master user: its password is reset, and it runs the scripts.
    #[serde(default = "postgres")]
    pub master_user: String,
    /// Server settings in addition to those of the snapshot.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
}

fn postgres() -> String {
    "postgres".into()
}

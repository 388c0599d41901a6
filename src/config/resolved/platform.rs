//! The platform on which generations run.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// The platform on which generations run.
#[derive(Clone, Debug)]
pub enum PlatformConfig {
    /// Amazon RDS and Route 53.
    Aws(Box<Aws>),
    /// PostgreSQL clusters on this machine.
    Local(Local),
}

/// Amazon RDS and Route 53.
#[derive(Clone, Debug)]
pub struct Aws {
    /// AWS account of the source, its snapshots and the generations, 12 digits.
    pub account: String,
    /// AWS region.
    pub region: String,
    /// ARN of an IAM role to assume with GitHub's OIDC token; devdb renews the credentials itself.
    pub role: Option<String>,
    /// Instance class of a generation.
    pub class: String,
    /// Storage type such as `gp3`, or `None` for RDS's default.
    pub storage_type: Option<String>,
    /// Storage in GiB, or `None` for the snapshot's.
    pub storage: Option<u32>,
    /// DB subnet group, in lower case as RDS stores it.
    pub subnet_group: String,
    /// DB parameter group, in lower case as RDS stores it.
    pub parameter_group: String,
    /// Security groups of a generation before it is published: inbound from devdb only, no outbound.
    pub quarantine_security_groups: Vec<String>,
    /// Security groups of a published generation.
    pub developer_security_groups: Vec<String>,
    /// Whether developers log in with IAM tokens.
    pub iam_authentication: bool,
    /// Additional tags of the team.
    pub tags: BTreeMap<String, String>,
    /// Id of the record's hosted zone.
    pub zone: String,
}

/// PostgreSQL clusters on this machine.
#[derive(Clone, Debug)]
pub struct Local {
    /// Absolute path of the folder with `snapshots/`, `instances/` and `pg_service.conf`.
    pub root: PathBuf,
    /// Master user: its password is reset, and it runs the scripts.
    pub master_user: String,
    /// Server settings in addition to those of the snapshot.
    pub parameters: BTreeMap<String, String>,
}

//! The configuration as meant: checked, with defaults filled in, paths made absolute. Only this is
//! handed on; `file.rs` is what was written.

mod masking;
mod sample;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::error::Error;

pub use masking::{KeptType, LeakCheckMode, Masking, Reference, Survivor};
pub use sample::{AllowedTarget, EdgeChoice, EdgeRule, Extent, Sample, SampleLogin, SampleSource};

/// The shortest prefix allowed: fewer characters are shared by accident.
pub const PREFIX_MIN: usize = 6;

/// One checked configuration file.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file it came from.
    pub path: PathBuf,
    /// Targets by name, at least one.
    pub targets: BTreeMap<String, Target>,
    /// Which rows a sample takes; none where there is no such section.
    pub sample: Option<Sample>,
}

impl Config {
    /// The target of a name, or the only one there is.
    ///
    /// # Errors
    /// When there is none of that name, or no name is given and there are several.
    pub fn target(&self, name: Option<&str>) -> Result<&Target, Error> {
        let found = match name {
            Some(name) => self.targets.get(name),
            None => self.targets.values().next().filter(|_| self.targets.len() == 1),
        };
        let unknown =
            || Error::Target { wanted: name.map(str::to_owned), known: self.targets.keys().cloned().collect() };
        found.ok_or_else(unknown)
    }
}

/// One development database that is rotated.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its name.
    pub name: String,
    /// Where its generations live.
    pub platform: PlatformConfig,
    /// Where its data comes from.
    pub source: Source,
    /// How its generations are named and kept.
    pub generation: Generation,
    /// The name developers connect to.
    pub record: Record,
    /// How this program reaches an instance.
    pub connect: Connect,
    /// Certificate authorities instead of the built-in ones of RDS.
    pub ssl_root_cert: Option<PathBuf>,
    /// The databases on the instance that are scrubbed and published; at least one.
    pub databases: Vec<Database>,
    /// The master user's new password.
    pub master_password: Password,
    /// Login roles that stay open, by name.
    pub allowed_roles: BTreeMap<String, AllowedRole>,
    /// Roles that are made if they are missing, by name.
    pub ensured_roles: BTreeMap<String, EnsuredRole>,
    /// Hazards that are left as they are, by name, with the reason.
    pub kept_hazards: BTreeMap<String, String>,
    /// What becomes of every column; the same for all targets.
    pub masking: Arc<Masking>,
    /// Limits of each wait.
    pub deadlines: Deadlines,
}

/// Where generations live.
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
    /// The account that everything lives in, 12 digits.
    pub account: String,
    /// The region.
    pub region: String,
    /// A role to assume with GitHub's OIDC token, renewed by devdb itself.
    pub role: Option<String>,
    /// Instance class of a generation.
    pub class: String,
    /// Storage type, such as `gp3`.
    pub storage_type: Option<String>,
    /// Subnet group.
    pub subnet_group: String,
    /// Parameter group.
    pub parameter_group: String,
    /// Security groups until the generation is published: nothing gets in but this program, nothing gets out.
    pub quarantine_security_groups: Vec<String>,
    /// Security groups from then on.
    pub developer_security_groups: Vec<String>,
    /// Whether developers log in with IAM tokens.
    pub iam_authentication: bool,
    /// The team's own tags.
    pub tags: BTreeMap<String, String>,
    /// The hosted zone of the record.
    pub zone: String,
}

/// PostgreSQL clusters on this machine.
#[derive(Clone, Debug)]
pub struct Local {
    /// The directory with `snapshots/`, `instances/` and `pg_service.conf`.
    pub root: PathBuf,
    /// The role whose password is reset and which runs the scripts.
    pub master_user: String,
    /// Server settings in addition to those in the snapshot.
    pub parameters: BTreeMap<String, String>,
}

/// Where the data comes from.
#[derive(Clone, Debug)]
pub struct Source {
    /// The production instance's identifier.
    pub instance: String,
    /// Its immutable id, to refuse snapshots of another instance that had the name.
    pub resource_id: Option<String>,
    /// Kinds of snapshots that may be taken.
    pub snapshots: Vec<String>,
    /// The oldest snapshot that is restored.
    pub max_snapshot_age: Duration,
}

/// How generations are named and kept.
#[derive(Clone, Debug)]
pub struct Generation {
    /// Prefix of their names.
    pub prefix: String,
    /// How many replaced generations are kept for `rollback`.
    pub keep: usize,
    /// When the live one counts as stale.
    pub max_age: Duration,
    /// How long after its last sign of life a run counts as dead.
    pub lease: Duration,
}

/// The name developers connect to.
#[derive(Clone, Debug)]
pub struct Record {
    /// DNS name, or the service's name in `pg_service.conf`.
    pub name: String,
    /// How long resolvers may keep it; zero for `local`.
    pub ttl: Duration,
}

/// How this program reaches an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Connect {
    /// By its own network.
    Direct,
    /// Through an SSM port forwarding session over this EC2 instance.
    Ssm {
        /// The EC2 instance's id.
        instance: String,
    },
    /// Through a program of the team's that forwards a port. The words `{host}`, `{port}` and
    /// `{local_port}` are replaced in each argument.
    Command(Vec<String>),
}

/// A database on the instance.
#[derive(Clone, Debug)]
pub struct Database {
    /// Its name.
    pub name: String,
    /// The folder with its scripts.
    pub postproc: Option<PathBuf>,
    /// Values for `:'name'` and `current_setting('devdb.name')`.
    pub variables: BTreeMap<String, String>,
    /// Secret values, for `current_setting('devdb.name')` only.
    pub secrets: BTreeMap<String, Password>,
}

/// Where a secret comes from. Never in argv.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Password {
    /// An environment variable.
    Env(String),
    /// The standard output of a program, without the final line break.
    Command(Vec<String>),
    /// Made by devdb, 40 characters; given to a program on its standard input.
    Generate {
        /// The program that keeps it.
        store: Option<Vec<String>>,
    },
}

/// A login role that stays open.
#[derive(Clone, Debug)]
pub struct AllowedRole {
    /// Its new password; none leaves it without one (IAM tokens, certificates).
    pub password: Option<Password>,
}

/// A role that is made if it is missing.
#[derive(Clone, Debug)]
pub struct EnsuredRole {
    /// Whether it may log in; such a role is allowed by itself.
    pub login: bool,
    /// Its password.
    pub password: Option<Password>,
    /// Roles it becomes a member of.
    pub member_of: Vec<String>,
    /// `GRANT …` statements without the trailing `TO role`, run in every configured database:
    /// `SELECT ON ALL TABLES IN SCHEMA app`.
    pub grants: Vec<String>,
}

/// Limits of each wait.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// From the restore call until the instance is available.
    pub restore: Duration,
    /// From the password call until a login works.
    pub password: Duration,
    /// Each script.
    pub script: Duration,
    /// From the swap until the name serves the new generation.
    pub publish: Duration,
    /// Until a retired generation is gone.
    pub retire: Duration,
}

//! A development database that is rotated.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::{AllowedRole, EnsuredRole, Masking, Password, PlatformConfig};

/// Minimum length of a generation prefix: a shorter one could match an unrelated instance by accident.
pub const PREFIX_MIN: usize = 6;

/// A development database that is rotated.
#[derive(Clone, Debug)]
pub struct Target {
    /// Name of the target.
    pub name: String,
    /// Platform on which its generations run.
    pub platform: PlatformConfig,
    /// Production instance and its snapshots.
    pub source: Source,
    /// Names and retention of generations.
    pub generation: Generation,
    /// Name that developers connect to.
    pub record: Record,
    /// Connection to instances.
    pub connect: Connect,
    /// PEM file with certificate authorities, or `None` for the built-in ones of RDS.
    pub ssl_root_cert: Option<PathBuf>,
    /// Databases of the instance that are scrubbed and published, at least one.
    pub databases: Vec<Database>,
    /// New password of the master user.
    pub master_password: Password,
    /// Login roles that may still log in, by name.
    pub allowed_roles: BTreeMap<String, AllowedRole>,
    /// Roles that are created if they are missing, by name.
    pub ensured_roles: BTreeMap<String, EnsuredRole>,
    /// Hazards that are not removed, by name, with the reason.
    pub kept_hazards: BTreeMap<String, String>,
    /// Masking rules and exemptions, shared by all targets.
    pub masking: Arc<Masking>,
    /// Time limits.
    pub deadlines: Deadlines,
}

impl Target {
    /// Returns whether a database is configured.
    pub fn lists(&self, database: &str) -> bool {
        self.databases.iter().any(|one| one.name == database)
    }
}

/// The production instance and its snapshots.
#[derive(Clone, Debug)]
pub struct Source {
    /// Identifier of the production instance; on `aws` in lower case, as RDS stores it.
    pub instance: String,
    /// Immutable id of the instance, to refuse snapshots of an earlier instance with the same name.
    pub resource_id: Option<String>,
    /// Kinds of snapshots that may be restored.
    pub snapshots: Vec<String>,
    /// Maximum age of a snapshot.
    pub max_snapshot_age: Duration,
}

/// Names and retention of generations.
#[derive(Clone, Debug)]
pub struct Generation {
    /// Prefix of generation names.
    pub prefix: String,
    /// Number of replaced generations kept for `rollback`.
    pub keep: usize,
    /// Age at which the live generation is stale.
    pub max_age: Duration,
    /// Time after its last lease renewal at which a run is considered dead.
    pub lease: Duration,
}

/// The name that developers connect to.
#[derive(Clone, Debug)]
pub struct Record {
    /// DNS name, or name of the service in `pg_service.conf`.
    pub name: String,
    /// Time that resolvers may cache the record; zero on `local`.
    pub ttl: Duration,
}

/// The connection to instances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Connect {
    /// Directly over the network.
    Direct,
    /// Through SSM port forwarding over an instance with the SSM agent.
    Ssm {
        /// Id of the EC2 instance (`i-…`) or of the managed node (`mi-…`).
        instance: String,
    },
    /// Through a program of the team that forwards a port. `{host}`, `{port}` and `{local_port}` are replaced in each
    /// argument.
    Command(Vec<String>),
}

/// A database of the instance.
#[derive(Clone, Debug)]
pub struct Database {
    /// Name of the database.
    pub name: String,
    /// Absolute path of the folder with its scripts.
    pub postproc: Option<PathBuf>,
    /// Variables for `:'name'` and `current_setting('devdb.name')`.
    pub variables: BTreeMap<String, String>,
    /// Secret variables, for `current_setting('devdb.name')` only.
    pub secrets: BTreeMap<String, Password>,
}

/// Time limits.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// From the restore call until the instance is available.
    pub restore: Duration,
    /// From the password change until a login succeeds.
    pub password: Duration,
    /// Run time of each script.
    pub script: Duration,
    /// From the swap until the name resolves to the new generation.
    pub publish: Duration,
    /// From the delete call until a retired generation is gone.
    pub retire: Duration,
}

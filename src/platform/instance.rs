//! An instance as described by its platform.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;

use crate::pg::Route;

use super::phase::Phase;
use super::tag::{self, Tags};

/// Settings of an instance by name, such as `publicly accessible` → `no`. A restore request and the restored
/// instance have the same keys, so they are compared without knowledge of the platform.
pub type Settings = BTreeMap<&'static str, String>;

/// Beginning of a pending change of the master password in [`Instance::pending`].
pub const PENDING_PASSWORD: &str = "MasterUserPassword";
/// Beginning of a security group that is being added or removed in [`Instance::pending`].
pub const PENDING_SECURITY_GROUP: &str = "security group";
/// Beginning of a parameter group that is not in effect in [`Instance::pending`].
pub const PENDING_PARAMETER_GROUP: &str = "parameter group";

/// Status of an instance, as far as a wait depends on it. The text is the platform's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// Ready for the next call.
    Available,
    /// In transition. Includes every unknown status: it is displayed and waited for.
    InProgress(String),
    /// Its server is being stopped; it will be [`Status::Stopped`].
    Stopping,
    /// Its server is stopped; waiting will not make it available.
    Stopped,
    /// Waiting will not make it available.
    Failed(String),
    /// Being deleted.
    Deleting,
    /// Its tags and state cannot be read, for this reason. It is left alone.
    Damaged(String),
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Status::Available => f.write_str("available"),
            Status::InProgress(text) | Status::Failed(text) => f.write_str(text),
            Status::Damaged(why) => write!(f, "damaged: {why}"),
            Status::Stopping => f.write_str("stopping"),
            Status::Stopped => f.write_str("stopped"),
            Status::Deleting => f.write_str("deleting"),
        }
    }
}

/// Disk space of an instance, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskSpace {
    /// Free bytes.
    Free(u64),
    /// Total bytes, used and free.
    Total(u64),
}

/// One instance, freshly described.
#[derive(Clone, Debug)]
pub struct Instance {
    /// Identifier.
    pub name: String,
    /// The platform's immutable id: it differs when an instance was deleted and created again under the same name.
    pub resource_id: String,
    /// Database engine; `postgres` for every generation.
    pub engine: String,
    /// The cluster that it is a member of; `None` for every generation.
    pub cluster: Option<String>,
    /// Status.
    pub status: Status,
    /// Network address; `None` until it has an endpoint.
    pub route: Option<Route>,
    /// Creation time, where known.
    pub created_at: Option<Timestamp>,
    /// Tags.
    pub tags: Tags,
    /// Whether the platform refuses to delete it.
    pub deletion_protection: bool,
    /// Names of its read replicas.
    pub replicas: Vec<String>,
    /// The instance that it is a replica of.
    pub replica_of: Option<String>,
    /// Names of modifications that were accepted and are not in effect yet.
    pub pending: Vec<String>,
    /// Settings, to be compared with those that the restore requested.
    pub settings: Settings,
    /// Name of the master user.
    pub master_user: String,
    /// Disk space, where known.
    pub disk: Option<DiskSpace>,
}

impl Instance {
    /// Returns the value of a tag.
    pub fn tag(&self, key: &str) -> Option<&str> {
        self.tags.get(key).map(String::as_str)
    }

    /// Returns the phase in its tags; `None` without the tag or with an unknown value.
    pub fn phase(&self) -> Option<Phase> {
        self.tag(tag::PHASE).and_then(Phase::parse)
    }
}

//! An instance, its tags, and how far it has come as a generation.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;

use crate::pg::Route;

/// Tags of a generation, as on the instance.
pub type Tags = BTreeMap<String, String>;

/// Settings of an instance in words, such as `publicly accessible` → `no`. What a restore asks for
/// and what came of it have the same keys, so they are compared without knowing the platform.
pub type Settings = BTreeMap<&'static str, String>;

/// Tag keys. All of them begin with `devdb:`; a tag without that prefix is the team's own.
pub mod tag {
    /// Always [`MANAGED_BY_VALUE`]; nothing without it is ever modified or deleted.
    pub const MANAGED_BY: &str = "devdb:managed-by";
    /// The value of [`MANAGED_BY`].
    pub const MANAGED_BY_VALUE: &str = "devdb";
    /// The target's name in the configuration.
    pub const TARGET: &str = "devdb:target";
    /// How far the generation has come: a [`super::Phase`].
    pub const PHASE: &str = "devdb:phase";
    /// The run that works on it, or worked on it last.
    pub const RUN: &str = "devdb:run";
    /// Until when that run may be believed alive: a timestamp, renewed while it works.
    pub const LEASE: &str = "devdb:lease";
    /// The snapshot it was restored from.
    pub const SNAPSHOT: &str = "devdb:snapshot";
    /// When that snapshot was taken.
    pub const SNAPSHOT_TIME: &str = "devdb:snapshot-time";
    /// Fingerprint of the configuration and scripts it is scrubbed by.
    pub const RECIPE: &str = "devdb:recipe";
    /// When it went live.
    pub const LIVE_SINCE: &str = "devdb:live-since";
}

/// How far a generation has come; the value of [`tag::PHASE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Restored, or still being restored: production's data behind production's logins.
    Restored,
    /// Password reset, hazards defused, logins closed.
    Secured,
    /// Scripts run, verified, residue cleared: may be published.
    Scrubbed,
    /// The record points, or pointed, at it and it has not been replaced.
    Live,
    /// Replaced. Kept for `rollback`, or about to be deleted.
    Retired,
}

impl Phase {
    const ALL: [Phase; 5] = [Phase::Restored, Phase::Secured, Phase::Scrubbed, Phase::Live, Phase::Retired];

    /// The word in the tag.
    pub fn as_str(self) -> &'static str {
        match self {
            Phase::Restored => "restored",
            Phase::Secured => "secured",
            Phase::Scrubbed => "scrubbed",
            Phase::Live => "live",
            Phase::Retired => "retired",
        }
    }

    /// Reads the word in the tag.
    pub fn parse(word: &str) -> Option<Phase> {
        Self::ALL.into_iter().find(|phase| phase.as_str() == word)
    }

    /// Whether developers have been, or are, on a generation of this phase.
    pub fn is_published(self) -> bool {
        matches!(self, Phase::Live | Phase::Retired)
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What an instance's status means to somebody who waits for it. The text is the platform's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// Ready for the next call.
    Available,
    /// Moving; also every status we do not know: it is shown and waited on.
    Moving(String),
    /// Will not become available by waiting.
    Dead(String),
    /// Being deleted.
    Deleting,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Status::Available => f.write_str("available"),
            Status::Moving(word) | Status::Dead(word) => f.write_str(word),
            Status::Deleting => f.write_str("deleting"),
        }
    }
}

/// What the disk of an instance holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// So many bytes are free.
    Free(u64),
    /// So many bytes in all, used and free.
    Whole(u64),
}

/// One instance, freshly described.
#[derive(Clone, Debug)]
pub struct Instance {
    /// Its identifier.
    pub name: String,
    /// The platform's immutable id: differs when an instance was deleted and made again under the name.
    pub resource_id: String,
    /// `postgres` for all of ours.
    pub engine: String,
    /// The cluster it is a member of; none for ours.
    pub cluster: Option<String>,
    /// How it is.
    pub status: Status,
    /// How to reach it; none until it has an endpoint.
    pub route: Option<Route>,
    /// When it was made, where known.
    pub created_at: Option<Timestamp>,
    /// Its tags.
    pub tags: Tags,
    /// Whether the platform is told to refuse its deletion.
    pub deletion_protection: bool,
    /// Names of its read replicas.
    pub replicas: Vec<String>,
    /// The instance it is a replica of.
    pub replica_of: Option<String>,
    /// Names of modifications that were asked for and are not in force yet.
    pub pending: Vec<String>,
    /// Settings in words, to be compared with what the restore asked for.
    pub settings: Settings,
    /// The master user's name.
    pub master_user: String,
    /// What its disk holds, where the platform knows.
    pub room: Option<Room>,
}

impl Instance {
    /// The value of a tag.
    pub fn tag(&self, key: &str) -> Option<&str> {
        self.tags.get(key).map(String::as_str)
    }

    /// The phase in its tags; none when there is no tag, or an unknown word in it.
    pub fn phase(&self) -> Option<Phase> {
        self.tag(tag::PHASE).and_then(Phase::parse)
    }
}

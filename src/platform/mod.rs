//! Where generations live, in our words. `aws` and `local` implement [`Platform`]; `dry_run` and
//! `retry` are decorators of it. Nothing above this room knows an SDK or a directory layout.
//!
//! Reading is by `&self` and a name. Writing takes a token that only [`guard`] can build, and takes
//! it by value: each write is preceded by its own fresh look at the instance.

pub mod aws;
pub mod dry_run;
mod error;
pub mod guard;
mod instance;
pub mod local;
pub mod retry;

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use secrecy::SecretString;

use crate::config::{PlatformConfig, Target};
use crate::event::Verdict;
use crate::pg::Route;

pub use error::{Error, Result};
use guard::{Deletable, DevInstance, Rules, Scrubbed};
pub use instance::{Instance, Phase, Room, Settings, Status, Tags, tag};

/// Whose resources the credentials reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// AWS account number; for `local`, the operating-system user.
    pub account: String,
    /// AWS region; for `local`, the root directory.
    pub region: String,
    /// Who we are there, for people to read.
    pub caller: String,
}

/// The production instance, as far as it must be known. It is only ever described.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its identifier.
    pub name: String,
    /// The platform's immutable id.
    pub resource_id: String,
    /// The cluster it is a member of: such a source is refused.
    pub cluster: Option<String>,
    /// `postgres`, or something that is refused by name.
    pub engine: String,
}

/// A restorable image of the source.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Its identifier, as users name it.
    pub id: String,
    /// What a restore names: an ARN or a path.
    pub location: String,
    /// `automated`, `manual`, `awsbackup`, `shared`; `basebackup` for `local`.
    pub kind: String,
    /// The immutable id of the instance it was taken of.
    pub source_resource_id: Option<String>,
    /// Time of the data inside it; none while it is being made.
    pub taken_at: Option<Timestamp>,
    /// `available`, or why not.
    pub status: String,
    /// `postgres`, or something that is refused by name.
    pub engine: String,
    /// Such as `15.4`.
    pub engine_version: String,
    /// Bytes that a restore will take.
    pub size: Option<u64>,
    /// Name of the master user inside it.
    pub master_user: Option<String>,
    /// Why it cannot be restored safely, with the remedy, though its status is `available`.
    pub unusable: Option<String>,
}

/// What the record holds now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordState {
    /// There is none; the first rotation creates it.
    Absent,
    /// One that we may swap.
    Present(Record),
    /// One that we must not touch, and why: weighted, alias, multi-value, another type.
    Foreign(String),
}

/// A record as read; the exact thing that a swap deletes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What it points at: an endpoint name, or `127.0.0.1:5433`.
    pub value: String,
    /// Seconds that resolvers may keep it.
    pub ttl: u64,
}

/// A change of the record on its way to the name servers.
#[derive(Clone, Debug)]
pub struct Change {
    /// The platform's id of it.
    pub id: String,
}

/// One finding of the platform's own preflight.
#[derive(Clone, Debug)]
pub struct Check {
    /// What was looked at.
    pub name: String,
    /// How it came out.
    pub verdict: Verdict,
    /// What was found.
    pub found: String,
    /// What to do when it is not ok.
    pub remedy: Option<String>,
}

impl Check {
    /// A check that came out well.
    pub fn ok(name: impl Into<String>, found: impl Into<String>) -> Self {
        Self { name: name.into(), verdict: Verdict::Ok, found: found.into(), remedy: None }
    }

    /// A check that a person should look at.
    pub fn warn(name: impl Into<String>, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { name: name.into(), verdict: Verdict::Warn, found: found.into(), remedy: Some(remedy.into()) }
    }

    /// A check that stops the run.
    pub fn fail(name: impl Into<String>, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { name: name.into(), verdict: Verdict::Fail, found: found.into(), remedy: Some(remedy.into()) }
    }
}

/// An order to restore: made by the plan, carried out by the platform.
#[derive(Clone, Debug)]
pub struct RestoreOrder {
    /// The new generation's name.
    pub name: String,
    /// What to restore.
    pub snapshot: Snapshot,
    /// Tags it has from its first instant; never the source's.
    pub tags: Tags,
}

/// The platform of a target, and what makes an instance there ours.
pub async fn connect(target: &Target) -> Result<(Arc<dyn Platform>, Rules)> {
    let rules = |account: &str, region: &str| Rules {
        account: account.to_owned(),
        region: region.to_owned(),
        prefix: target.generation.prefix.clone(),
        target: target.name.clone(),
        source: target.source.instance.clone(),
        source_resource_id: target.source.resource_id.clone(),
    };
    match &target.platform {
        PlatformConfig::Aws(place) => {
            let platform = aws::Aws::connect(target).await?;
            Ok((Arc::new(platform), rules(&place.account, &place.region)))
        }
        PlatformConfig::Local(settings) => {
            let platform = local::Local::open(target, settings)?;
            let region = platform.root().display().to_string();
            Ok((Arc::new(platform), rules(local::ACCOUNT, &region)))
        }
    }
}

/// A place where generations live. Implementations are told their one target (prefix, source,
/// record) when they are built and know no other.
///
/// Contract, held by the scenarios that run on every platform (`tests/it/both.rs`):
/// - listings are complete (paged to the end) and in no promised order;
/// - `instance` is a fresh look, and `None` means that no such instance exists now;
/// - a write returns when the platform accepted it, not when it is in force;
/// - a write that may have happened although it failed is safe to repeat.
#[async_trait]
pub trait Platform: Send + Sync {
    /// Whose resources the credentials reach.
    async fn identity(&self) -> Result<Identity>;

    /// The production instance; none when it is gone (its snapshots may still be there).
    async fn source(&self) -> Result<Option<Source>>;

    /// All snapshots of the source of the configured kinds, in any status.
    async fn snapshots(&self) -> Result<Vec<Snapshot>>;

    /// All instances whose name begins with the prefix, ours or not.
    async fn generations(&self) -> Result<Vec<Instance>>;

    /// One instance.
    async fn instance(&self, name: &str) -> Result<Option<Instance>>;

    /// What the record holds.
    async fn record(&self) -> Result<RecordState>;

    /// What the record will hold when it points at this instance.
    fn record_value(&self, instance: &Instance) -> Option<String>;

    /// How a developer's client comes to the instance that the record points at: by the record's
    /// name, but with the certificate verified against `instance`.
    async fn route_by_record(&self, instance: &Instance) -> Result<Route>;

    /// What the platform can check before anything is changed.
    async fn checks(&self) -> Vec<Check>;

    /// What the platform itself says happened to an instance, newest last.
    async fn events(&self, name: &str) -> Result<Vec<String>>;

    /// The settings that a restore asks for.
    fn quarantine(&self) -> Settings;

    /// The settings that differ once it is open to developers; none where that shows otherwise.
    fn opened(&self) -> Settings;

    /// Starts a restore. An instance of that name with our run's tag is success (a lost answer).
    async fn restore(&self, order: &RestoreOrder) -> Result<()>;

    /// Sets the master user's password.
    async fn set_password(&self, instance: DevInstance, password: &SecretString) -> Result<()>;

    /// Adds or replaces tags.
    async fn set_tags(&self, instance: DevInstance, tags: &Tags) -> Result<()>;

    /// Lets developers reach it, as opposed to this program only.
    async fn open(&self, instance: DevInstance) -> Result<()>;

    /// Points the record at `to`, if it still holds exactly `from`.
    async fn swap(&self, from: &RecordState, to: &Scrubbed) -> Result<Change>;

    /// Whether a change has reached all name servers.
    async fn in_sync(&self, change: &Change) -> Result<bool>;

    /// Starts a deletion, without a final snapshot.
    async fn delete(&self, instance: Deletable) -> Result<()>;
}

//! The platform trait.

use async_trait::async_trait;
use secrecy::SecretString;

use crate::pg::Route;

use super::check::Check;
use super::error::{Error, Result};
use super::guard::{Deletable, DevInstance, Scrubbed};
use super::identity::Identity;
use super::instance::{Instance, Settings};
use super::parameter::RequiredParameter;
use super::record::{RecordChange, RecordState};
use super::snapshot::{Snapshot, Source};
use super::tag::Tags;

/// A restore request: built by the plan, executed by the platform.
#[derive(Clone, Debug)]
pub struct RestoreOrder {
    /// Name of the new generation.
    pub name: String,
    /// The snapshot to restore.
    pub snapshot: Snapshot,
    /// Tags that the new instance has from creation on; never those of the source.
    pub tags: Tags,
}

/// A platform for the generations of one target. An implementation is built for that target (prefix, source, record)
/// and knows no other.
///
/// Contract, verified by the scenarios that run on every platform (`tests/it/both.rs`):
/// - listings are complete (all pages) and in unspecified order;
/// - `instance` is a fresh describe, and `None` means that no such instance exists at this moment;
/// - a write returns when the platform has accepted it, not when it is in effect;
/// - a write that failed, but may have taken effect, is safe to repeat.
#[async_trait]
pub trait Platform: Send + Sync {
    /// The account and region that the credentials reach.
    async fn identity(&self) -> Result<Identity>;

    /// The production instance; `None` if it does not exist (its snapshots may still do).
    async fn source(&self) -> Result<Option<Source>>;

    /// All snapshots of the source of the configured kinds, in any status.
    async fn snapshots(&self) -> Result<Vec<Snapshot>>;

    /// All instances whose name begins with the prefix, whether devdb manages them or not.
    async fn generations(&self) -> Result<Vec<Instance>>;

    /// One instance.
    async fn instance(&self, name: &str) -> Result<Option<Instance>>;

    /// What the record holds.
    async fn record(&self) -> Result<RecordState>;

    /// The value of a record that points at this instance; `None` until the instance has an endpoint.
    fn record_value(&self, instance: &Instance) -> Option<String>;

    /// The route of a developer's client to the instance that the record points at: through the record's name, with
    /// the certificate verified for `instance`.
    async fn route_by_record(&self, instance: &Instance) -> Result<Route>;

    /// The name of the generation that a record with this value points or pointed at, by the form of the value alone: the
    /// generation may have been deleted.
    fn generation_at(&self, value: &str, source: Option<&Source>) -> Option<String>;

    /// Preflight checks of the platform, for a restore of `snapshot`, if there is one.
    async fn checks(&self, snapshot: Option<&Snapshot>) -> Vec<Check>;

    /// The server parameters that the quarantine relies on.
    fn required_parameters(&self) -> Vec<RequiredParameter>;

    /// Checks whether a restore of `snapshot` fits on the disk, after `removed` are gone; `None` where the platform has
    /// disks of its own.
    async fn disk_space(&self, snapshot: &Snapshot, removed: &[Instance]) -> Result<Option<Check>>;

    /// Returns the error of a disk of this machine that has no space left for an instance's server to work; `None` if there
    /// is space, and where the platform has disks of its own.
    async fn full_disk(&self) -> Option<Error> {
        None
    }

    /// The platform's own log of events of an instance, newest last.
    async fn events(&self, name: &str) -> Result<Vec<String>>;

    /// The settings that a restore requests.
    fn quarantine_settings(&self) -> Settings;

    /// The settings that change when a generation is published; empty where publishing changes none.
    fn published_settings(&self) -> Settings;

    /// Starts a restore. An existing instance of that name with the tag of this run counts as success: the response
    /// to an earlier attempt was lost.
    async fn restore(&self, order: &RestoreOrder) -> Result<()>;

    /// Starts a stopped instance. Returns whether it was stopped; wait until it is available before the next call.
    async fn start(&self, instance: DevInstance) -> Result<bool>;

    /// Sets the master user's password. Starts the server of a stopped instance, where [`Platform::start`] does. Returns
    /// the logins that it closes because the master user could not: superusers other than the master.
    async fn set_password(&self, instance: DevInstance, password: &SecretString) -> Result<Vec<String>>;

    /// Restarts the server of an unpublished instance, so that all its parameters come into effect.
    async fn reboot(&self, instance: DevInstance) -> Result<()>;

    /// Adds or replaces tags.
    async fn set_tags(&self, instance: DevInstance, tags: &Tags) -> Result<()>;

    /// Opens the instance to developers. Before, only devdb can connect.
    async fn open(&self, instance: DevInstance) -> Result<()>;

    /// Points the record at `to` if it still holds exactly `from` (compare-and-swap).
    async fn swap(&self, from: &RecordState, to: &Scrubbed) -> Result<RecordChange>;

    /// Whether a change has reached all name servers.
    async fn in_sync(&self, change: &RecordChange) -> Result<bool>;

    /// Starts a deletion, without a final snapshot.
    async fn delete(&self, instance: Deletable) -> Result<()>;
}

//! The source and its snapshots.

use jiff::Timestamp;

/// The production instance. It is only described.
#[derive(Clone, Debug)]
pub struct Source {
    /// Identifier.
    pub name: String,
    /// The platform's immutable id.
    pub resource_id: String,
    /// The cluster that it is a member of. Such a source is refused.
    pub cluster: Option<String>,
    /// Database engine. Any other than `postgres` is refused.
    pub engine: String,
    /// Host name of its endpoint, where it has one. devdb never connects to it.
    pub host: Option<String>,
}

/// A restorable image of the source.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Identifier, as users name it.
    pub id: String,
    /// What a restore request names: an identifier, an ARN or a path.
    pub location: String,
    /// `automated`, `manual`, `awsbackup` or `shared`; `basebackup` on the local platform.
    pub kind: String,
    /// Immutable id of the instance that it was taken from.
    pub source_resource_id: Option<String>,
    /// Time of the data inside it; `None` until the snapshot is complete.
    pub taken_at: Option<Timestamp>,
    /// `available`, or the reason why it is not.
    pub status: String,
    /// Database engine. Any other than `postgres` is refused.
    pub engine: String,
    /// Version, such as `15.4`.
    pub engine_version: String,
    /// Bytes that a restore takes.
    pub size: Option<u64>,
    /// Name of the master user inside it.
    pub master_user: Option<String>,
    /// Why it cannot be restored safely although its status is `available`, with the remedy.
    pub unusable: Option<String>,
}

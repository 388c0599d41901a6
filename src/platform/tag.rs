//! Tags of a generation. All keys of devdb begin with `devdb:`; any other tag belongs to the team.

use std::collections::BTreeMap;

/// Tags by key, as on the instance.
pub type Tags = BTreeMap<String, String>;

/// Always [`MANAGED_BY_VALUE`]. An instance without it is never modified or deleted.
pub const MANAGED_BY: &str = "devdb:managed-by";
/// Value of [`MANAGED_BY`].
pub const MANAGED_BY_VALUE: &str = "devdb";
/// The target's name in the configuration.
pub const TARGET: &str = "devdb:target";
/// Progress of the generation: a [`super::Phase`].
pub const PHASE: &str = "devdb:phase";
/// The run that works on the generation, or did so last.
pub const RUN: &str = "devdb:run";
/// Time until which that run counts as alive; renewed while it works.
pub const LEASE: &str = "devdb:lease";
/// The snapshot that the generation was restored from.
pub const SNAPSHOT: &str = "devdb:snapshot";
/// Time of the data in that snapshot.
pub const SNAPSHOT_TIME: &str = "devdb:snapshot-time";
/// Hash of the configuration and scripts that the generation is scrubbed with.
pub const RECIPE: &str = "devdb:recipe";
/// Time at which the generation went live.
pub const LIVE_SINCE: &str = "devdb:live-since";

//! Looking: everything a decision needs, read once, changing nothing.

use std::sync::Arc;

use jiff::Timestamp;

use crate::platform::{self, Check, Identity, Instance, Platform, RecordState, Settings, Snapshot, Source};

/// What the world looked like at one moment.
#[derive(Clone, Debug)]
pub struct World {
    /// When.
    pub now: Timestamp,
    /// Whose resources the credentials reach.
    pub identity: Identity,
    /// The production instance.
    pub source: Option<Source>,
    /// Its snapshots.
    pub snapshots: Vec<Snapshot>,
    /// Everything under the prefix.
    pub instances: Vec<Instance>,
    /// What the record holds.
    pub record: RecordState,
    /// For each instance, in the same order, whether the record points at it.
    pub pointed_at: Vec<bool>,
    /// What a restore will ask for.
    pub quarantine: Settings,
}

impl World {
    /// The generation that the record points at.
    pub fn live(&self) -> Option<&Instance> {
        self.instances.iter().zip(&self.pointed_at).find(|(_, live)| **live).map(|(instance, _)| instance)
    }
}

/// Looks at the world.
pub async fn observe(platform: &Arc<dyn Platform>) -> platform::Result<World> {
    let identity = platform.identity().await?;
    let (source, snapshots, instances, record) = futures_util::future::try_join4(
        platform.source(),
        platform.snapshots(),
        platform.generations(),
        platform.record(),
    )
    .await?;
    let pointed_at = instances
        .iter()
        .map(|instance| match &record {
            RecordState::Present(record) => platform::guard::points_at(&**platform, record, instance),
            RecordState::Absent | RecordState::Foreign(_) => false,
        })
        .collect();
    let quarantine = platform.quarantine();
    Ok(World { now: Timestamp::now(), identity, source, snapshots, instances, record, pointed_at, quarantine })
}

/// The platform's own checks.
pub async fn checks(platform: &Arc<dyn Platform>) -> Vec<Check> {
    platform.checks().await
}

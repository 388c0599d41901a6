//! Observation: everything a decision needs, read once, changing nothing.

use std::sync::Arc;

use jiff::Timestamp;

use crate::platform::{self, Check, Identity, Instance, Platform, RecordState, Settings, Snapshot, Source};

/// What to do about a record that cannot be moved.
pub const RECORD_REMEDY: &str = "make it a plain CNAME with one value (on `local`: remove the section that devdb did not write), \
    or configure another record";

/// The state of the platform at one moment.
#[derive(Clone, Debug)]
pub struct World {
    /// The moment.
    pub now: Timestamp,
    /// The identity of the credentials.
    pub identity: Identity,
    /// The production instance.
    pub source: Option<Source>,
    /// Its snapshots.
    pub snapshots: Vec<Snapshot>,
    /// All instances with the prefix.
    pub instances: Vec<Instance>,
    /// The record.
    pub record: RecordState,
    /// For each instance, in the same order, whether the record points at it.
    pub pointed_at: Vec<bool>,
    /// The generation whose value the record holds, whether it exists or not.
    pub recorded: Option<String>,
    /// Settings of a restored instance.
    pub quarantine: Settings,
}

impl World {
    /// Returns the generation that the record points at.
    pub fn live(&self) -> Option<&Instance> {
        self.instances.iter().zip(&self.pointed_at).find(|(_, live)| **live).map(|(instance, _)| instance)
    }
}

/// Observes the platform.
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
    let recorded = match &record {
        RecordState::Present(record) => platform.generation_at(&record.value, source.as_ref()),
        RecordState::Absent | RecordState::Foreign(_) => None,
    };
    let (now, quarantine) = (Timestamp::now(), platform.quarantine_settings());
    Ok(World { now, identity, source, snapshots, instances, record, pointed_at, recorded, quarantine })
}

/// Runs the platform's own checks for a restore of `snapshot`.
pub async fn checks(platform: &Arc<dyn Platform>, snapshot: Option<&Snapshot>) -> Vec<Check> {
    platform.checks(snapshot).await
}

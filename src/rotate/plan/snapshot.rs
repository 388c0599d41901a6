//! Choice of the snapshot to restore.

use std::time::Duration;

use jiff::Timestamp;

use crate::config::{PlatformConfig, Target, storage_type};
use crate::platform::{Check, Snapshot};
use crate::rotate::observe::World;
use crate::units::span;

use super::decision::PlanOptions;

/// Returns the snapshot to restore, and a warning if there is one: the requested snapshot, or the newest that can be
/// restored.
pub(super) fn choose(
    world: &World,
    target: &Target,
    options: &PlanOptions,
) -> Result<(Snapshot, Option<String>), Check> {
    match &options.snapshot {
        Some(id) => requested(world, target, id),
        None => newest(world, target).map(|snapshot| (snapshot, None)),
    }
}

/// Returns the snapshot that a rotation would restore, or `None` if there is none.
pub fn chosen_snapshot(world: &World, target: &Target, options: &PlanOptions) -> Option<Snapshot> {
    choose(world, target, options).ok().map(|(snapshot, _)| snapshot)
}

/// Returns the refusal if the storage cannot hold the snapshot, or has a size that its type does not have. RDS enlarges by
/// at least a tenth.
///
/// Source: <https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html>, `AllocatedStorage`.
pub(super) fn storage_refusal(snapshot: &Snapshot, target: &Target) -> Option<Check> {
    const NAME: &str = "storage";
    let PlatformConfig::Aws(aws) = &target.platform else { return None };
    let needed = snapshot.size?.div_ceil(1 << 30);
    let enlarged = (needed * 11).div_ceil(10);
    let Some(storage) = aws.storage.map(u64::from) else {
        let kind = storage_type(aws.storage_type.as_deref())?;
        let (smallest, largest) = (u64::from(*kind.sizes.start()), u64::from(*kind.sizes.end()));
        let why = format!("{} storage cannot have {needed} GiB, which {} has", kind.name, snapshot.id);
        return if needed < smallest {
            Some(Check::fail(NAME, why, format!("write `storage: {}`", smallest.max(enlarged))))
        } else if needed > largest {
            Some(Check::fail(NAME, why, "write `storage_type: gp3`"))
        } else {
            None
        };
    };
    let why = if storage < needed {
        format!("`storage` is {storage} GiB, but {} has {needed} GiB", snapshot.id)
    } else if storage > needed && storage < enlarged {
        format!("`storage` is {storage} GiB, but RDS enlarges the {needed} GiB of {} by at least 10 %", snapshot.id)
    } else {
        return None;
    };
    Some(Check::fail(NAME, why, format!("write {needed}, or at least {enlarged}; or remove `storage`")))
}

fn requested(world: &World, target: &Target, id: &str) -> Result<(Snapshot, Option<String>), Check> {
    let found = world.snapshots.iter().find(|snapshot| snapshot.id == id || snapshot.location == id);
    let Some(snapshot) = found else {
        return Err(Check::fail(
            "snapshot",
            format!("{id} is not a snapshot of {}", target.source.instance),
            format!("these can be restored: {}", restorable(world, target)),
        ));
    };
    if let Some(why) = problem(world, target, snapshot) {
        return Err(Check::fail("snapshot", why, "pass another snapshot"));
    }
    let old = age(world.now, snapshot).is_some_and(|age| age > target.source.max_snapshot_age);
    let warning =
        old.then(|| format!("{} is older than max_snapshot_age; restored because of --snapshot", snapshot.id));
    Ok((snapshot.clone(), warning))
}

fn newest(world: &World, target: &Target) -> Result<Snapshot, Check> {
    let usable = world.snapshots.iter().filter(|snapshot| problem(world, target, snapshot).is_none());
    let Some(newest) = usable.max_by_key(|snapshot| snapshot.taken_at) else {
        let problems = world.snapshots.iter().filter_map(|snapshot| problem(world, target, snapshot));
        let mut reasons: Vec<String> = problems.take(5).collect();
        if reasons.is_empty() {
            reasons.push(format!("{} has none of the configured kinds", target.source.instance));
        }
        return Err(Check::fail(
            "snapshot",
            format!("no snapshot can be restored: {}", reasons.join("; ")),
            "check source.instance and source.snapshots, or wait for the next snapshot",
        ));
    };
    let (age, max) = (age(world.now, newest).unwrap_or_default(), target.source.max_snapshot_age);
    if age > max {
        return Err(Check::fail(
            "snapshot",
            format!("the newest, {}, is {} old; max_snapshot_age is {}", newest.id, span(age), span(max)),
            "find out why no newer one was made; to restore it anyway, pass it with --snapshot",
        ));
    }
    Ok(newest.clone())
}

/// Returns why a snapshot cannot be restored, or `None` if it can.
fn problem(world: &World, target: &Target, snapshot: &Snapshot) -> Option<String> {
    let configured = target.source.resource_id.as_deref();
    let expected = configured.or_else(|| world.source.as_ref().map(|source| source.resource_id.as_str()));
    if snapshot.status != "available" {
        Some(format!("{} is {}", snapshot.id, snapshot.status))
    } else if snapshot.engine != "postgres" {
        Some(format!("{} is of engine {}", snapshot.id, snapshot.engine))
    } else if let (Some(expected), Some(actual)) = (expected, &snapshot.source_resource_id)
        && expected != actual
    {
        Some(format!("{} was taken of another instance that had the same name ({actual})", snapshot.id))
    } else if snapshot.taken_at.is_none() {
        Some(format!("{} does not state when it was taken", snapshot.id))
    } else {
        snapshot.unusable.as_ref().map(|why| format!("{}: {why}", snapshot.id))
    }
}

/// Returns the newest few snapshots that can be restored, for the hint after a wrong id.
fn restorable(world: &World, target: &Target) -> String {
    let usable = world.snapshots.iter().filter(|snapshot| problem(world, target, snapshot).is_none());
    let mut usable: Vec<&Snapshot> = usable.collect();
    usable.sort_by_key(|snapshot| std::cmp::Reverse(snapshot.taken_at));
    let names: Vec<&str> = usable.iter().take(5).map(|snapshot| snapshot.id.as_str()).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// Returns the age of the data in a snapshot.
pub fn age(now: Timestamp, snapshot: &Snapshot) -> Option<Duration> {
    let age = now.duration_since(snapshot.taken_at?);
    Some(Duration::try_from(age).unwrap_or_default())
}

//! Choice of the snapshot to restore.

use std::time::Duration;

use jiff::Timestamp;

use crate::config::Target;
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

//! Which snapshot is restored.

use std::time::Duration;

use jiff::Timestamp;

use crate::config::Target;
use crate::platform::{Check, Snapshot};
use crate::rotate::observe::World;
use crate::units::span;

use super::PlanOptions;

/// The snapshot to restore: the one that was named, or the newest that can be. With it a warning.
pub(super) fn choose(
    world: &World,
    target: &Target,
    wishes: &PlanOptions,
) -> Result<(Snapshot, Option<String>), Check> {
    let expected_id = target
        .source
        .resource_id
        .as_deref()
        .or_else(|| world.source.as_ref().map(|source| source.resource_id.as_str()));
    let problem = |snapshot: &Snapshot| -> Option<String> {
        if snapshot.status != "available" {
            Some(format!("{} is {}", snapshot.id, snapshot.status))
        } else if snapshot.engine != "postgres" {
            Some(format!("{} is of engine {}", snapshot.id, snapshot.engine))
        } else if let (Some(expected), Some(of)) = (expected_id, &snapshot.source_resource_id)
            && expected != of
        {
            Some(format!("{} was taken of another instance that had the name ({of})", snapshot.id))
        } else if snapshot.taken_at.is_none() {
            Some(format!("{} does not say when it was taken", snapshot.id))
        } else {
            snapshot.unusable.as_ref().map(|why| format!("{}: {why}", snapshot.id))
        }
    };
    if let Some(wanted) = &wishes.snapshot {
        let found = world.snapshots.iter().find(|snapshot| snapshot.id == *wanted || snapshot.location == *wanted);
        let Some(snapshot) = found else {
            return Err(Check::fail(
                "snapshot",
                format!("{wanted} is no snapshot of {}", target.source.instance),
                format!("these can be restored: {}", restorable(world, &problem)),
            ));
        };
        if let Some(why) = problem(snapshot) {
            return Err(Check::fail("snapshot", why, "name another snapshot"));
        }
        let old = age(world.now, snapshot).is_some_and(|age| age > target.source.max_snapshot_age);
        let warning =
            old.then(|| format!("{} is older than max_snapshot_age; taken because it was named", snapshot.id));
        return Ok((snapshot.clone(), warning));
    }
    let newest = world.snapshots.iter().filter(|snapshot| problem(snapshot).is_none()).max_by_key(|one| one.taken_at);
    let Some(newest) = newest else {
        let mut reasons: Vec<String> = world.snapshots.iter().filter_map(problem).take(5).collect();
        if reasons.is_empty() {
            reasons.push(format!("{} has none of the configured kinds", target.source.instance));
        }
        return Err(Check::fail(
            "snapshot",
            format!("no snapshot can be restored: {}", reasons.join("; ")),
            "check source.instance and source.snapshots, or wait for the next snapshot",
        ));
    };
    let age = age(world.now, newest).unwrap_or_default();
    if age > target.source.max_snapshot_age {
        return Err(Check::fail(
            "snapshot",
            format!(
                "the newest, {}, is {} old; max_snapshot_age is {}",
                newest.id,
                span(age),
                span(target.source.max_snapshot_age)
            ),
            "find out why no newer one was made; to use it all the same, name it with --snapshot",
        ));
    }
    Ok((newest.clone(), None))
}

/// The newest few snapshots that could be named, for whoever named one that does not exist.
fn restorable(world: &World, problem: &dyn Fn(&Snapshot) -> Option<String>) -> String {
    let mut fine: Vec<&Snapshot> = world.snapshots.iter().filter(|snapshot| problem(snapshot).is_none()).collect();
    fine.sort_by_key(|snapshot| std::cmp::Reverse(snapshot.taken_at));
    let names: Vec<&str> = fine.iter().take(5).map(|snapshot| snapshot.id.as_str()).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// How old the data in a snapshot is.
pub fn age(now: Timestamp, snapshot: &Snapshot) -> Option<Duration> {
    let age = now.duration_since(snapshot.taken_at?);
    Some(Duration::try_from(age).unwrap_or_default())
}

//! `devdb cleanup`: remove clones that interrupted runs left and that were never published.

use std::time::Duration;

use crate::error::Failure;
use crate::platform::guard;
use crate::platform::{Instance, Phase, Status};

use super::observe::{World, observe};
use super::plan::lease;
use super::run::Run;
use super::{retire, status};
use crate::units::span;

/// Removes unpublished clones older than `age`; with `dry_run` only names them.
pub async fn cleanup(run: &Run, age: Duration, dry_run: bool) -> Result<(), Failure> {
    let world = observe(&run.platform).await?;
    let mut found = 0;
    for (instance, live) in world.instances.iter().zip(&world.pointed_at) {
        if *live || !is_abandoned(run, &world, instance, age) {
            continue;
        }
        found += 1;
        let phase = instance.phase().map_or_else(|| "unknown".to_owned(), |phase| phase.to_string());
        let step = run.step("cleanup", format!("remove {} ({phase}, {})", instance.name, instance.status));
        if dry_run {
            step.done(format!("{} would be removed", instance.name));
            continue;
        }
        let limit = run.target.deadlines.retire;
        retire::delete(run, &instance.name, Some(&instance.resource_id), limit).await?;
        step.done(format!("{} is being removed", instance.name));
    }
    if found == 0 {
        let step = run.step("cleanup", "look for abandoned clones");
        step.done(format!("no abandoned clone older than {}", span(age)));
    }
    Ok(())
}

fn is_abandoned(run: &Run, world: &World, instance: &Instance, age: Duration) -> bool {
    let ours = guard::judge(&run.rules, &world.identity, instance, None).is_ok();
    let unpublished = !instance.phase().is_some_and(Phase::is_published);
    let alive = lease(instance).is_some_and(|until| until > world.now);
    let old = status::made_at(run, instance)
        .is_none_or(|made| Duration::try_from(world.now.duration_since(made)).is_ok_and(|lived| lived >= age));
    ours && unpublished && !alive && old && instance.status != Status::Deleting
}

//! `devdb cleanup`: removes unpublished clones of interrupted runs.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use crate::error::{Exit, Failure};
use crate::event::Listener;
use crate::interrupt;
use crate::platform::{Instance, Phase, Status};
use crate::rotate::observe::{World, observe};
use crate::rotate::run::Run;
use crate::rotate::start::start;
use crate::rotate::{lease_tag, name, retire};
use crate::units::span;

use super::global_options::GlobalOptions;

/// Arguments of `devdb cleanup`.
#[derive(Debug, Args)]
pub struct CleanupArgs {
    /// Only clones older than this, such as 90m or 6h.
    #[arg(long, value_name = "TIME", default_value = "6h", value_parser = duration)]
    older_than: Duration,
    /// Wait for the leases of clones to end, at most as long as a lease lasts (`generation.lease`). A run that is still
    /// alive renews its lease and keeps its clone.
    #[arg(long)]
    wait: bool,
    /// List what would be removed and stop.
    #[arg(long)]
    dry_run: bool,
}

/// Runs the command.
pub async fn run(global: &GlobalOptions, args: &CleanupArgs, listener: Arc<dyn Listener>) -> Result<Exit, Failure> {
    let run = start("cleanup", global.target()?, listener, args.dry_run).await?;
    let done = tokio::select! {
        done = clean_up(&run, args) => done,
        () = interrupt::signal() => Err(Failure::new(Exit::Interrupted, "interrupted")
            .and("the next `devdb cleanup` removes what is left")),
    };
    Ok(run.finish(done.map(|()| (Exit::Done, None))))
}

/// Removes unpublished clones older than `--older-than`, or lists them.
async fn clean_up(run: &Run, args: &CleanupArgs) -> Result<(), Failure> {
    let mut world = observe(&run.platform).await?;
    let wait = args.wait.then(|| longest_lease(run, &world, args.older_than)).flatten();
    if let Some(left) = wait {
        let step = run.step("cleanup", "wait for leases");
        step.progress(format!("a lease ends in {}", span(left)));
        tokio::time::sleep(left).await;
        step.done(format!("waited {}", span(left)));
        world = observe(&run.platform).await?;
    }
    let mut found = 0;
    for (instance, live) in world.instances.iter().zip(&world.pointed_at) {
        if *live || !is_removable(run, &world, instance, args.older_than) || lease_left(&world, instance).is_some() {
            continue;
        }
        found += 1;
        let phase = instance.phase().map_or_else(|| "unknown".to_owned(), |phase| phase.to_string());
        let step = run.step("cleanup", format!("remove {} ({phase}, {})", instance.name, instance.status));
        if args.dry_run {
            step.done(format!("{} would be removed", instance.name));
            continue;
        }
        let limit = run.target.deadlines.retire;
        retire::delete(run, &instance.name, Some(&instance.resource_id), limit).await?;
        step.done(format!("{} is being removed", instance.name));
    }
    if found == 0 {
        let step = run.step("cleanup", "find abandoned clones");
        step.done(format!("no abandoned clone older than {}", span(args.older_than)));
    }
    Ok(())
}

/// Returns whether an instance is an unpublished clone of ours, older than `age`. Its run may still be alive.
fn is_removable(run: &Run, world: &World, instance: &Instance, age: Duration) -> bool {
    let ours = run.rules.check(&world.identity, instance, None).is_ok();
    let unpublished = !instance.phase().is_some_and(Phase::is_published);
    let old = name::created_at(&run.target.generation.prefix, instance)
        .is_none_or(|made| Duration::try_from(world.now.duration_since(made)).is_ok_and(|lived| lived >= age));
    ours && unpublished && old && instance.status != Status::Deleting
}

/// Returns the time until the lease on an instance ends, or `None` if it has ended or there is none.
fn lease_left(world: &World, instance: &Instance) -> Option<Duration> {
    let until = lease_tag::ends_at(instance)?;
    Duration::try_from(until.duration_since(world.now)).ok().filter(|left| !left.is_zero())
}

/// Returns the time until the last lease on a removable clone ends. A lease that lasts longer than ours comes from another
/// clock or configuration, and is not waited for.
fn longest_lease(run: &Run, world: &World, age: Duration) -> Option<Duration> {
    let clones = world.instances.iter().filter(|instance| is_removable(run, world, instance, age));
    clones.filter_map(|instance| lease_left(world, instance)).max().map(|left| left.min(run.target.generation.lease))
}

fn duration(text: &str) -> Result<Duration, String> {
    let span: jiff::SignedDuration = text.parse().map_err(|error: jiff::Error| error.to_string())?;
    Duration::try_from(span).map_err(|_| "a time span cannot be negative".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_spans_are_parsed() {
        assert_eq!(duration("90m").unwrap().as_secs(), 5400);
        assert!(duration("-1h").is_err() && duration("soon").is_err());
    }
}

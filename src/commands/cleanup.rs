//! `devdb cleanup`: removes unpublished clones of interrupted runs.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use crate::error::{Exit, Failure};
use crate::event::Listener;
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
    /// List what would be removed and stop.
    #[arg(long)]
    dry_run: bool,
}

/// Runs the command.
pub async fn run(global: &GlobalOptions, args: &CleanupArgs, listener: Arc<dyn Listener>) -> Result<Exit, Failure> {
    let run = start("cleanup", global.target()?, listener, args.dry_run).await?;
    let done = clean_up(&run, args.older_than, args.dry_run).await;
    Ok(run.finish(done.map(|()| (Exit::Done, None))))
}

/// Removes unpublished clones older than `age`; lists them only if `dry_run`.
async fn clean_up(run: &Run, age: Duration, dry_run: bool) -> Result<(), Failure> {
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
        let step = run.step("cleanup", "find abandoned clones");
        step.done(format!("no abandoned clone older than {}", span(age)));
    }
    Ok(())
}

fn is_abandoned(run: &Run, world: &World, instance: &Instance, age: Duration) -> bool {
    let ours = run.rules.check(&world.identity, instance, None).is_ok();
    let unpublished = !instance.phase().is_some_and(Phase::is_published);
    let alive = lease_tag::ends_at(instance).is_some_and(|until| until > world.now);
    let old = name::created_at(&run.target.generation.prefix, instance)
        .is_none_or(|made| Duration::try_from(world.now.duration_since(made)).is_ok_and(|lived| lived >= age));
    ours && unpublished && !alive && old && instance.status != Status::Deleting
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

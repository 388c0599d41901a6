//! `devdb start`: starts the published generations of the local targets, as after a reboot of this machine.

use std::sync::Arc;

use crate::config::{Config, PlatformConfig, Target};
use crate::error::{Exit, Failure};
use crate::event::Listener;
use crate::platform::guard::Refusal;
use crate::platform::{self, Instance, Phase};
use crate::rotate::observe::{World, observe};
use crate::rotate::run::Run;
use crate::rotate::start::start;
use crate::units::counted;

use super::global_options::GlobalOptions;

/// Runs the command: on the selected target, or on all local ones. A target that fails does not stop the others.
pub async fn run(global: &GlobalOptions, listener: Arc<dyn Listener>) -> Result<Exit, Failure> {
    let mut exit = Exit::Done;
    for target in local_targets(&global.load()?, global.target_name()?.as_deref())? {
        let ended = match start("start", target, listener.clone(), false).await {
            Ok(run) => {
                let started = start_generations(&run).await;
                run.finish(started.map(|()| (Exit::Done, None)))
            }
            Err(failure) => {
                listener.on_event(&(&failure).into());
                failure.exit
            }
        };
        exit = if exit == Exit::Done { ended } else { exit };
    }
    Ok(exit)
}

/// Returns the selected target, or all targets on the local platform.
fn local_targets(config: &Config, selected: Option<&str>) -> Result<Vec<Target>, Failure> {
    let is_local = |target: &Target| matches!(target.platform, PlatformConfig::Local(_));
    let refused = |why: String| {
        Failure::new(Exit::Usage, why).hint("a stopped instance of RDS is started with `aws rds start-db-instance`")
    };
    if selected.is_some() {
        let target = config.target(selected)?;
        return if is_local(target) {
            Ok(vec![target.clone()])
        } else {
            Err(refused(format!("target {} is not on this machine", target.name)))
        };
    }
    let local: Vec<Target> = config.targets.values().filter(|target| is_local(target)).cloned().collect();
    if local.is_empty() { Err(refused("no target is on this machine".to_owned())) } else { Ok(local) }
}

/// Starts the live generation, then the kept ones, newest first. One that does not start does not stop the others.
///
/// # Errors
/// `Exit::Refused` if the guard refused all that did not start, so that nothing was tried on them.
async fn start_generations(run: &Run) -> Result<(), Failure> {
    let world = observe(&run.platform).await?;
    let published = published(run, &world);
    let (mut failed, mut exit) = (0, Exit::Refused);
    for (instance, live) in &published {
        let title = if *live { format!("start {}, live", instance.name) } else { format!("start {}", instance.name) };
        let step = run.step("start", title);
        match start_generation(run, instance).await {
            Ok(true) => step.done(format!("{} was started", instance.name)),
            Ok(false) => step.done(format!("{} was already running", instance.name)),
            Err(error) => {
                failed += 1;
                if !matches!(error, platform::Error::Refused(_)) {
                    exit = Exit::Unexpected;
                }
                run.warn(error.with_remedy());
            }
        }
    }
    if published.is_empty() {
        run.step("start", "find published generations").done("no published generation");
    }
    if failed == 0 {
        return Ok(());
    }
    let of = counted(published.len() as u64, "published generation");
    Err(Failure::new(exit, format!("{failed} of {of} did not start"))
        .hint("correct what the warnings name and run again, or replace the live one with `devdb rotate`"))
}

/// Returns the generations of this target that developers use or may roll back to, and whether the record points at
/// each. Damaged ones are among them if the record points at them; others are reported.
fn published<'a>(run: &Run, world: &'a World) -> Vec<(&'a Instance, bool)> {
    let mut found = Vec::new();
    for (instance, live) in world.instances.iter().zip(world.pointed_at.iter().copied()) {
        let published = instance.phase().is_some_and(Phase::is_published);
        match run.rules.check(&world.identity, instance, None) {
            Err(refusal @ Refusal::Damaged { .. }) if !live => run.warn(format!("{refusal}; {}", refusal.remedy())),
            Err(Refusal::MissingTag { .. }) if !live => {}
            _ if live || published => found.push((instance, live)),
            _ => {}
        }
    }
    found.sort_by(|a, b| (b.1, &b.0.name).cmp(&(a.1, &a.0.name)));
    found
}

/// Starts a generation. Returns whether it was stopped.
async fn start_generation(run: &Run, instance: &Instance) -> platform::Result<bool> {
    let dev = run.admit(&instance.name, &instance.resource_id).await?;
    run.platform.start(dev).await
}

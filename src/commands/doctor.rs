//! `devdb doctor`: checks all preconditions of a rotation, or with `--sample` those of samples, each problem with its
//! remedy.

use std::sync::Arc;

use clap::Args;

use crate::error::{Exit, Failure};
use crate::event::Listener;
use crate::platform::{Check, RecordState};
use crate::rotate::inputs::RunInputs;
use crate::rotate::lease_tag::HeldLease;
use crate::rotate::observe::{self, World, observe};
use crate::rotate::plan::{Decision, PlanOptions, age, chosen_snapshot, decide, stops};
use crate::rotate::preflight::{self, check_event};
use crate::rotate::run::Run;
use crate::rotate::start::start;
use crate::rotate::tunnel_check;
use crate::sample::command;
use crate::scrub::scripts::Stage;
use crate::step::Frame;
use crate::units::span;

use super::global_options::GlobalOptions;

/// Arguments of `devdb doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Check the preconditions of samples instead, and print the GRANTs for a role that reads them.
    #[arg(long)]
    sample: bool,
}

/// Runs the command. Returns `Exit::Refused` if a rotation, or a sample, would be refused.
pub async fn run(global: &GlobalOptions, args: &DoctorArgs, listener: Arc<dyn Listener>) -> Result<Exit, Failure> {
    if args.sample {
        let (config, target) = global.load_target()?;
        let frame = Frame::announce("doctor", &target.name, listener.clone());
        let done = match config.sample.as_ref().ok_or_else(command::no_section) {
            Ok(sample) => command::doctor::doctor(&target, sample, &*listener).await,
            Err(failure) => Err(failure),
        };
        return Ok(frame.finish(done.map(|exit| (exit, None))));
    }
    let run = start("doctor", global.target()?, listener, true).await?;
    let exit = check_rotation(&run).await;
    Ok(run.finish(Ok((exit, None))))
}

async fn check_rotation(run: &Run) -> Exit {
    let mut checks = vec![Check::ok("configuration", format!("target {}", run.target.name))];
    let recipe = check_inputs(run, &mut checks).await;
    let observed = observe(&run.platform).await;
    let options = PlanOptions::default();
    let snapshot = observed.as_ref().ok().and_then(|world| chosen_snapshot(world, &run.target, &options));
    checks.extend(observe::checks(&run.platform, snapshot.as_ref()).await);
    match observed {
        Ok(world) => {
            check_world(run, &world, &recipe, &mut checks).await;
            checks.extend(tunnel_check::check(run, world.live()).await);
        }
        Err(error) => checks.push(failed("platform", error.into(), "check network and credentials")),
    }
    checks.iter().for_each(|check| run.listener.on_event(&check_event(check)));
    if stops(&checks) { Exit::Refused } else { Exit::Done }
}

/// Checks scripts and secrets. Returns the recipe, empty if there is none.
async fn check_inputs(run: &Run, checks: &mut Vec<Check>) -> String {
    let inputs = match RunInputs::read(&run.target, &*run.listener).await {
        Ok(inputs) => inputs,
        Err(failure) => {
            checks.push(failed("scripts and secrets", failure, "correct it and run again"));
            return String::new();
        }
    };
    let names: Vec<&str> = inputs.databases.iter().map(|work| work.database.as_str()).collect();
    let count: usize = inputs.databases.iter().map(|work| work.scripts.entries().len()).sum();
    checks.push(Check::ok("scripts", format!("{count} for {}", names.join(", "))));
    for work in &inputs.databases {
        if !work.scripts.entries().iter().any(|entry| entry.stage == Stage::Verify) {
            checks.push(Check::warn(
                "scripts",
                format!("{} has no query in 90-verify: nothing proves that the scrub reached every row", work.database),
                "add queries that return the rows which still hold personal data",
            ));
        }
    }
    checks.push(Check::ok("secrets", "all available"));
    inputs.recipe
}

/// Checks the record and the plan of a rotation.
async fn check_world(run: &Run, world: &World, recipe: &str, checks: &mut Vec<Check>) {
    checks.push(Check::ok("identity", format!("{} in {}", world.identity.caller, world.identity.region)));
    let record = &run.target.record.name;
    match &world.record {
        RecordState::Present(now) => checks.push(Check::ok("record", format!("{record} points at {}", now.value))),
        RecordState::Absent => {
            checks.push(Check::ok("record", format!("{record} does not exist; the first rotation creates it")));
        }
        // The plan refuses it, with the remedy.
        RecordState::Foreign(_) => {}
    }
    match decide(world, &run.target, &run.rules, &PlanOptions::default(), &run.id, recipe) {
        Decision::Refused(refusals) => checks.extend(refusals),
        Decision::Go(plan) => {
            let old = age(world.now, &plan.snapshot).map_or_else(String::new, |age| format!(", {} old", span(age)));
            checks.push(Check::ok("snapshot", format!("{}{old}", plan.snapshot.id)));
            match preflight::disk_space(run, &plan).await {
                Ok(check) => checks.extend(check),
                Err(error) => checks.push(failed("disk space", error.into(), "make the snapshot readable")),
            }
            let remedy = "devdb leaves it alone; remove it yourself if it is not needed";
            checks.extend(plan.warnings.iter().map(|warning| Check::warn("instances", warning.clone(), remedy)));
        }
        Decision::Occupied(HeldLease { generation, run, .. }) => {
            checks.push(Check::warn("other runs", format!("run {run} works on {generation}"), "wait for it"));
        }
    }
}

/// Returns the failed check of a failure, with its own hint or else `remedy`.
fn failed(name: &str, failure: Failure, remedy: &str) -> Check {
    let text = failure.to_string();
    Check::fail(name, text, failure.hint.unwrap_or_else(|| remedy.to_owned()))
}

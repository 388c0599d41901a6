//! `devdb doctor`: everything that preflight can check, each line with its remedy.

use crate::error::{Exit, Failure};
use crate::platform::{Check, RecordState};
use crate::scrub::scripts::Stage;

use super::observe::{self, observe};
use super::plan::{Decision, PlanOptions, age, decide, stops};
use super::preflight::event;
use super::prepare;
use super::run::Run;
use crate::units::span;

/// Checks and tells; `Exit::Refused` when a rotation would be refused.
pub async fn doctor(run: &Run) -> Exit {
    let mut checks = vec![Check::ok("configuration", format!("target {}", run.target.name))];
    let mut recipe = String::new();
    match prepare::prepare(&run.target, &*run.listener).await {
        Ok(kit) => {
            let names: Vec<&str> = kit.work.iter().map(|work| work.database.as_str()).collect();
            let count: usize = kit.work.iter().map(|work| work.scripts.entries().len()).sum();
            checks.push(Check::ok("scripts", format!("{count} for {}", names.join(", "))));
            for work in &kit.work {
                if !work.scripts.entries().iter().any(|entry| entry.stage == Stage::Verify) {
                    checks.push(Check::warn(
                        "scripts",
                        format!(
                            "{} has no query in 90-verify: nothing proves that the scrub reached every row",
                            work.database
                        ),
                        "add queries that return the rows which still hold personal data",
                    ));
                }
            }
            checks.push(Check::ok("secrets", "all at hand"));
            recipe = kit.recipe;
        }
        Err(failure) => {
            let remedy = failure.hint.clone().unwrap_or_else(|| "correct it and run again".into());
            checks.push(Check::fail("scripts and secrets", failure.to_string(), remedy));
        }
    }
    checks.extend(observe::checks(&run.platform).await);
    match observe(&run.platform).await {
        Ok(world) => {
            checks.push(Check::ok("identity", format!("{} in {}", world.identity.caller, world.identity.region)));
            let record = &run.target.record.name;
            match &world.record {
                RecordState::Present(now) => {
                    checks.push(Check::ok("record", format!("{record} points at {}", now.value)));
                }
                RecordState::Absent => {
                    checks.push(Check::ok("record", format!("{record} does not exist; the first rotation makes it")));
                }
                // The plan refuses it, with the remedy.
                RecordState::Foreign(_) => {}
            }
            match decide(&world, &run.target, &run.rules, &PlanOptions::default(), &run.id, &recipe) {
                Decision::Refused(refusals) => checks.extend(refusals),
                Decision::Go(plan) => {
                    let old =
                        age(world.now, &plan.snapshot).map_or_else(String::new, |age| format!(", {} old", span(age)));
                    checks.push(Check::ok("snapshot", format!("{}{old}", plan.snapshot.id)));
                    checks.extend(plan.warnings.iter().map(|warning| {
                        Check::warn(
                            "instances",
                            warning.clone(),
                            "devdb leaves it alone; remove it by hand if nobody needs it",
                        )
                    }));
                }
                Decision::Occupied { clone, run, .. } => {
                    checks.push(Check::warn("other runs", format!("run {run} works on {clone}"), "wait for it"));
                }
            }
        }
        Err(error) => {
            let failure = Failure::from(error);
            let remedy = failure.hint.clone().unwrap_or_else(|| "check network and credentials".into());
            checks.push(Check::fail("platform", failure.to_string(), remedy));
        }
    }
    checks.iter().for_each(|check| run.listener.on_event(&event(check)));
    if stops(&checks) { Exit::Refused } else { Exit::Done }
}

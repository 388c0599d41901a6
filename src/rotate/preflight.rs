//! Step: look and decide, changing nothing. Waits for another run's lease to end, and refuses when it
//! is renewed instead.

use std::time::{Duration, Instant};

use crate::error::{Exit, Failure};
use crate::event::{Event, Verdict};
use crate::platform::Check;

use super::observe::{self, World, observe};
use super::plan::{Decision, Plan, PlanOptions, decide, stops};
use super::run::Run;
use crate::units::span;

/// Looks and decides.
pub async fn preflight(run: &Run, wishes: &PlanOptions, recipe: &str) -> Result<(World, Plan), Failure> {
    let step = run.step("preflight", format!("look at {} and its snapshots", run.target.source.instance));
    let mut checks = observe::checks(&run.platform).await;
    let mut seen: Option<(String, jiff::Timestamp)> = None;
    let began = Instant::now();
    loop {
        let world = observe(&run.platform).await.map_err(|error| Failure { exit: Exit::Refused, ..error.into() })?;
        match decide(&world, &run.target, &run.rules, wishes, &run.id, recipe) {
            Decision::Refused(refusals) => {
                checks.extend(refusals);
                return Err(refused(run, &checks));
            }
            Decision::Go(_) if stops(&checks) => return Err(refused(run, &checks)),
            Decision::Go(plan) => {
                tell(run, &checks);
                plan.warnings.iter().for_each(|warning| run.warn(warning.clone()));
                step.done(format!("{} can be restored", plan.snapshot.id));
                return Ok((world, *plan));
            }
            Decision::Occupied { clone, run: other, until } => {
                // A lease that grew while we looked belongs to a living run; one that outlasts two of ours
                // may be made by another clock, and is not waited for.
                let grew = seen.as_ref().is_some_and(|(run, before)| *run == other && *before != until);
                if grew || began.elapsed() > run.target.generation.lease * 2 {
                    return Err(Failure::new(Exit::Busy, format!("another run ({other}) works on {clone}"))
                        .hint("wait for it, or take its clone over with --take-over"));
                }
                let left = Duration::try_from(until.duration_since(world.now)).unwrap_or_default();
                step.progress(format!("{clone} belongs to run {other}, which may be alive for {}", span(left)));
                seen = Some((other, until));
                tokio::time::sleep(left.min(Duration::from_secs(5)).max(Duration::from_millis(50))).await;
            }
        }
    }
}

fn tell(run: &Run, checks: &[Check]) {
    for check in checks.iter().filter(|check| check.verdict != Verdict::Ok) {
        run.listener.on_event(&event(check));
    }
}

/// A check as an event.
pub fn event(check: &Check) -> Event {
    Event::Checked {
        check: check.name.clone(),
        verdict: check.verdict,
        found: check.found.clone(),
        remedy: check.remedy.clone(),
    }
}

fn refused(run: &Run, checks: &[Check]) -> Failure {
    tell(run, checks);
    let failed: Vec<&Check> = checks.iter().filter(|check| check.verdict == Verdict::Fail).collect();
    let cause: Vec<String> = failed.iter().map(|check| format!("{}: {}", check.name, check.found)).collect();
    let failure = Failure::new(Exit::Refused, cause.join("; "));
    match failed.first().and_then(|check| check.remedy.clone()) {
        Some(remedy) if failed.len() == 1 => failure.hint(remedy),
        _ => failure.hint("each check above says what to do"),
    }
}

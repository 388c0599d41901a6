//! Step: observe and decide, changing nothing. Waits for the end of another run's lease, and refuses if it is renewed
//! instead.

use std::time::{Duration, Instant};

use crate::error::{Exit, Failure};
use crate::event::{Event, Verdict};
use crate::platform::Check;
use crate::units::span;

use super::observe::{self, World, observe};
use super::plan::{Decision, Plan, PlanOptions, decide, stops};
use super::run::Run;

/// Observes and decides.
pub async fn preflight(run: &Run, options: &PlanOptions, recipe: &str) -> Result<(World, Plan), Failure> {
    let step = run.step("preflight", "check all preconditions");
    let mut checks = observe::checks(&run.platform).await;
    let mut seen: Option<(String, jiff::Timestamp)> = None;
    let began = Instant::now();
    loop {
        let world = observe(&run.platform).await.map_err(|error| Failure { exit: Exit::Refused, ..error.into() })?;
        match decide(&world, &run.target, &run.rules, options, &run.id, recipe) {
            Decision::Refused(refusals) => {
                checks.extend(refusals);
                return Err(refused(run, &checks));
            }
            Decision::Go(_) if stops(&checks) => return Err(refused(run, &checks)),
            Decision::Go(plan) => {
                report(run, &checks);
                plan.warnings.iter().for_each(|warning| run.warn(warning.clone()));
                step.done(format!("snapshot {} can be restored", plan.snapshot.id));
                return Ok((world, *plan));
            }
            Decision::Occupied { clone, run: other, until } => {
                // A lease that was extended meanwhile belongs to a living run; one that outlasts two of ours may come
                // from another clock, and is not waited for.
                let extended = seen.as_ref().is_some_and(|(run, before)| *run == other && *before != until);
                if extended || began.elapsed() > run.target.generation.lease * 2 {
                    return Err(Failure::new(Exit::Busy, format!("another run ({other}) works on {clone}"))
                        .hint("wait for it, or take its clone over with --take-over"));
                }
                let left = Duration::try_from(until.duration_since(world.now)).unwrap_or_default();
                step.progress(format!("{clone} belongs to run {other}, whose lease ends in {}", span(left)));
                seen = Some((other, until));
                tokio::time::sleep(left.min(Duration::from_secs(5)).max(Duration::from_millis(50))).await;
            }
        }
    }
}

/// Reports the checks that are not ok.
fn report(run: &Run, checks: &[Check]) {
    for check in checks.iter().filter(|check| check.verdict != Verdict::Ok) {
        run.listener.on_event(&check_event(check));
    }
}

/// Returns the event of a check.
pub fn check_event(check: &Check) -> Event {
    Event::Checked {
        check: check.name.clone(),
        verdict: check.verdict,
        found: check.found.clone(),
        remedy: check.remedy.clone(),
    }
}

/// Reports the checks, and returns the failure with all that failed.
fn refused(run: &Run, checks: &[Check]) -> Failure {
    report(run, checks);
    let failed: Vec<&Check> = checks.iter().filter(|check| check.verdict == Verdict::Fail).collect();
    let cause: Vec<String> = failed.iter().map(|check| format!("{}: {}", check.name, check.found)).collect();
    let failure = Failure::new(Exit::Refused, cause.join("; "));
    match failed.first().and_then(|check| check.remedy.clone()) {
        Some(remedy) if failed.len() == 1 => failure.hint(remedy),
        _ => failure.hint("each check above has its remedy"),
    }
}

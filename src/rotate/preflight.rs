//! Step: observe and decide, changing nothing. Waits for the end of another run's lease, and refuses if it is renewed
//! instead.

use crate::error::{Exit, Failure};
use crate::event::{Event, Verdict};
use crate::platform::{self, Check};

use super::lease_wait::LeaseWait;
use super::observe::{self, World, observe};
use super::options::RotateOptions;
use super::plan::{Decision, Plan, Work, chosen_snapshot, decide, stops};
use super::run::Run;
use super::tunnel_check;

/// Observes and decides. Opens a tunnel, if one is configured, except for a dry run.
pub async fn preflight(run: &Run, options: &RotateOptions, recipe: &str) -> Result<(World, Plan), Failure> {
    let step = run.step("preflight", "check all preconditions");
    let mut checks: Option<Vec<Check>> = None;
    let mut wait = LeaseWait::begin();
    loop {
        let world = observe(&run.platform).await.map_err(|error| Failure { exit: Exit::Refused, ..error.into() })?;
        let checks = match &mut checks {
            Some(checks) => checks,
            None => {
                let snapshot = chosen_snapshot(&world, &run.target, &options.plan);
                checks.insert(observe::checks(&run.platform, snapshot.as_ref()).await)
            }
        };
        match decide(&world, &run.target, &run.rules, &options.plan, &run.id, recipe) {
            Decision::Refused(refusals) => {
                checks.extend(refusals);
                return Err(refused(run, checks));
            }
            Decision::Go(_) if stops(checks) => return Err(refused(run, checks)),
            Decision::Go(plan) => {
                checks.extend(disk_space(run, &plan).await?);
                if !options.dry_run && !stops(checks) {
                    checks.extend(tunnel_check::check(run, world.live()).await);
                }
                if stops(checks) {
                    return Err(refused(run, checks));
                }
                report(run, checks);
                plan.warnings.iter().for_each(|warning| run.warn(warning.clone()));
                step.done(format!("snapshot {} can be restored", plan.snapshot.id));
                return Ok((world, *plan));
            }
            Decision::Occupied(lease) => wait.pause(run, &step, lease, world.now).await?,
        }
    }
}

/// Checks whether the plan's restore fits on the disk; `None` if the plan restores nothing, or the platform has disks of
/// its own.
pub async fn disk_space(run: &Run, plan: &Plan) -> platform::Result<Option<Check>> {
    match plan.work {
        Work::Restore { .. } => run.platform.disk_space(&plan.snapshot, &plan.abandoned).await,
        Work::Resume { .. } | Work::Finish { .. } => Ok(None),
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
pub fn refused(run: &Run, checks: &[Check]) -> Failure {
    report(run, checks);
    let failed: Vec<&Check> = checks.iter().filter(|check| check.verdict == Verdict::Fail).collect();
    let cause: Vec<String> = failed.iter().map(|check| format!("{}: {}", check.name, check.found)).collect();
    let failure = Failure::new(Exit::Refused, cause.join("; "));
    match failed.first().and_then(|check| check.remedy.clone()) {
        Some(remedy) if failed.len() == 1 => failure.hint(remedy),
        _ => failure.hint("each check above has its remedy"),
    }
}

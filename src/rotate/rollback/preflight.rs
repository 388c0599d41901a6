//! Step: observe and decide, changing nothing. Waits for the end of another run's lease, and tries the tunnel.

use crate::error::{Exit, Failure};
use crate::event::Verdict;
use crate::rotate::lease_wait::LeaseWait;
use crate::rotate::observe::observe;
use crate::rotate::preflight::refused;
use crate::rotate::run::Run;
use crate::rotate::tunnel_check;

use super::options::RollbackOptions;
use super::plan::{RollbackDecision, RollbackPlan, decide};

/// Observes and decides.
pub(super) async fn preflight(run: &Run, options: &RollbackOptions) -> Result<RollbackPlan, Failure> {
    let step = run.step("preflight", "choose the generation");
    let mut wait = LeaseWait::begin();
    loop {
        let world = observe(&run.platform).await.map_err(|error| Failure { exit: Exit::Refused, ..error.into() })?;
        match decide(&world, &run.rules, options, &run.id, &run.target.record.name)? {
            RollbackDecision::Occupied(lease) => wait.pause(run, &step, lease, world.now).await?,
            RollbackDecision::Go(plan) => {
                if !options.dry_run
                    && let Some(check) = tunnel_check::check(run, Some(&plan.to)).await
                    && check.verdict == Verdict::Fail
                {
                    return Err(refused(run, &[check]));
                }
                plan.warnings.iter().for_each(|warning| run.warn(warning.clone()));
                let what = if plan.is_finish() { "finishes the interrupted rollback to" } else { "goes back to" };
                step.done(format!("{} {what} {}", run.target.record.name, plan.to.name));
                return Ok(*plan);
            }
        }
    }
}

//! The rollback: [`roll_back`] is the whole story, [`carry_out`] its middle part.

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use crate::error::{Exit, Failure};
use crate::event::Event;
use crate::platform::retry::while_transient;
use crate::platform::{self, Instance, Phase, Status, Tags, tag};
use crate::rotate::inputs::resolve_master;
use crate::rotate::lease::LeaseRenewal;
use crate::rotate::run::Run;
use crate::rotate::store::{self, ResolvedSecret};
use crate::rotate::wait::Backoff;
use crate::rotate::{lease_tag, password, publish, wait};

use super::options::RollbackOptions;
use super::plan::RollbackPlan;
use super::{display, preflight, prove, undo};

/// Points the record at a kept generation. Returns its name, or `None` after a dry run.
pub async fn roll_back(
    run: &Arc<Run>,
    options: &RollbackOptions,
    cancel: impl Future<Output = ()>,
) -> Result<Option<String>, Failure> {
    let attempt = async {
        let master = resolve_master(&run.target, &*run.listener).await?;
        let plan = preflight::preflight(run, options).await?;
        if options.dry_run {
            let title = "Plan of the rollback; nothing was changed:".into();
            run.listener.on_event(&Event::Facts { title, facts: display::facts(run, &plan) });
            return Ok(None);
        }
        carry_out(run, &plan, &master).await?;
        Ok(Some(plan.to.name))
    };
    let mut cancel = std::pin::pin!(cancel);
    let result = tokio::select! {
        result = attempt => result,
        () = &mut cancel => Err(Failure::new(Exit::Interrupted, "interrupted")),
    };
    match result {
        Err(failure) => Err(undo::after(run, failure, cancel).await),
        done => done,
    }
}

/// Prepares the generation, moves the record, and corrects the phases. Every step can be repeated, so a rollback that
/// was interrupted after the move passes all of them again.
async fn carry_out(run: &Arc<Run>, plan: &RollbackPlan, master: &ResolvedSecret) -> Result<(), Failure> {
    hold(run, &plan.to).await?;
    let (_renewal, lost) = LeaseRenewal::start(run.clone());
    let work = async {
        let to = start(run, &plan.to).await?;
        let (to, access) = password::reset(run, &to, master.value.clone()).await?;
        let scrubbed = prove::prove(run, &to, &access).await?;
        store::store(run, &plan.record, [master]).await?;
        if !is_held(run, &to).await? {
            return Err(taken_over(&to));
        }
        publish::swap(run, &plan.record, scrubbed).await?;
        publish::verify_record(run, &access, &to).await?;
        // First the old one: two generations are never tagged live.
        for old in &plan.retire {
            let tags = Tags::from([(tag::PHASE.to_owned(), Phase::Retired.to_string())]);
            run.tag(&old.name, &old.resource_id, tags).await?;
        }
        publish::mark_live(run, &to).await
    };
    tokio::select! {
        biased;
        Ok(other) = lost => {
            Err(Failure::new(Exit::Busy, format!("run {other} took {} over", plan.to.name)))
        }
        result = work => result,
    }
}

/// Takes the lease on the generation: no other run deletes it or rolls back to it from here on.
async fn hold(run: &Run, to: &Instance) -> Result<(), Failure> {
    run.update_progress(|progress| progress.clone = Some((to.name.clone(), Some(to.resource_id.clone()))));
    let mut tags = lease_tag::held(run.target.generation.lease);
    tags.insert(tag::RUN.to_owned(), run.id.clone());
    run.tag(&to.name, &to.resource_id, tags).await?;
    // A describe may show the old tags for a moment.
    let (began, mut backoff) = (Instant::now(), Backoff::default());
    while !is_held(run, to).await? {
        if began.elapsed() > run.target.deadlines.publish {
            return Err(taken_over(to));
        }
        backoff.pause().await;
    }
    run.update_progress(|progress| progress.held = true);
    Ok(())
}

/// Whether the generation exists as before and belongs to this run.
async fn is_held(run: &Run, to: &Instance) -> platform::Result<bool> {
    let dev = run.admit(&to.name, &to.resource_id).await?;
    Ok(dev.instance().tag(tag::RUN) == Some(&run.id) && dev.instance().status != Status::Deleting)
}

fn taken_over(to: &Instance) -> Failure {
    Failure::new(Exit::Busy, format!("{} belongs to another run now, or is being deleted", to.name))
}

/// Waits until the generation is available, and starts it if it is stopped, or about to be.
async fn start(run: &Run, to: &Instance) -> Result<Instance, Failure> {
    if to.status == Status::Available {
        return Ok(to.clone());
    }
    let verb = if matches!(to.status, Status::Stopping | Status::Stopped) { "start" } else { "wait for" };
    let step = run.step("start", format!("{verb} {}", to.name));
    let (began, limit) = (Instant::now(), run.target.deadlines.restore);
    let mut instance = wait::until_settled(&*run.platform, &step, &to.name, limit, None).await?;
    if instance.status == Status::Stopped {
        let left = limit.saturating_sub(began.elapsed());
        let started = while_transient(
            left,
            |error| step.progress(error.to_string()),
            || async { run.platform.start(run.admit_once(&to.name, &to.resource_id).await?).await },
        );
        let started = started.await?;
        run.update_progress(|progress| progress.started = started);
        let left = limit.saturating_sub(began.elapsed());
        instance = wait::until_available(&*run.platform, &step, &to.name, left, None).await?;
    }
    step.done("available");
    Ok(instance)
}

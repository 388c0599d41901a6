//! The rotation: [`rotate`] is the whole story, [`carry_out`] its middle part.

use std::future::Future;
use std::sync::Arc;

use crate::error::{Exit, Failure};
use crate::event::Event;
use crate::platform::guard::Scrubbed;
use crate::platform::{Instance, Phase, Record, RecordState, Tags, tag};
use crate::scrub::marker::Marker;
use crate::scrub::publish_gate;
use crate::scrub::scripts::Stage;

use super::access::{Access, again};
use super::inputs::RunInputs;
use super::lease::LeaseRenewal;
use super::options::RotateOptions;
use super::plan::{Plan, Work};
use super::run::Run;
use super::{
    configured_databases, coverage, lease_tag, masking, parameters, password, phases, plan_display, preflight, publish,
    restore, retire, scripts, secure, store, summary, undo, verify,
};

/// Rotates. Returns the name of the live generation, or `None` after a dry run. If `cancel` ends first, the clone is
/// removed and nothing else is changed.
pub async fn rotate(
    run: &Arc<Run>,
    options: &RotateOptions,
    cancel: impl Future<Output = ()>,
) -> Result<Option<String>, Failure> {
    let attempt = async {
        let inputs = RunInputs::read(&run.target, &*run.listener).await?;
        inputs.check_contexts(&options.contexts)?;
        let (world, plan) = preflight::preflight(run, options, &inputs.recipe).await?;
        if options.dry_run {
            let facts = plan_display::facts(run, &plan, &world, &inputs, &options.contexts);
            let title = "Plan of the rotation; nothing was changed:".into();
            run.listener.on_event(&Event::Facts { title, facts });
            return Ok(None);
        }
        let plan = if phases::correct(run, &world).await {
            // The plan depends on the phases.
            preflight::preflight(run, options, &inputs.recipe).await?.1
        } else {
            plan
        };
        carry_out(run, &plan, &inputs, options).await.map(Some)
    };
    let mut cancel = std::pin::pin!(cancel);
    let result = tokio::select! {
        result = attempt => result,
        () = &mut cancel => Err(Failure::new(Exit::Interrupted, "interrupted")),
    };
    match result {
        Err(failure) if failure.exit == Exit::Refused && run.progress().clone.is_none() => {
            Err(failure.and("nothing was changed"))
        }
        Err(failure) => Err(undo::after(run, failure, options.keep_failed, cancel).await),
        done => done,
    }
}

async fn carry_out(
    run: &Arc<Run>,
    plan: &Plan,
    inputs: &RunInputs,
    options: &RotateOptions,
) -> Result<String, Failure> {
    retire::abandoned(run, &plan.abandoned).await?;
    let (_renewal, lost) = LeaseRenewal::start(run.clone());
    // Not stopped when another run takes the clone over: on the local platform this very process makes the copy, and
    // the other run waits for it.
    let instance = match &plan.work {
        Work::Restore { name } => restore::restore(run, plan, name).await?,
        Work::Resume { clone } => restore::resume(run, plan, clone).await?,
        Work::Finish { generation } => restore::finish(run, plan, generation).await?,
    };
    tokio::select! {
        biased;
        Ok(other) = lost => {
            // The clone belongs to the other run now, which decides what becomes of it.
            run.update_progress(|progress| progress.clone = None);
            Err(Failure::new(Exit::Busy, format!("run {other} took the clone over")))
        }
        result = scrub_and_publish(run, &instance, plan, inputs, options) => result,
    }
}

async fn scrub_and_publish(
    run: &Arc<Run>,
    instance: &Instance,
    plan: &Plan,
    inputs: &RunInputs,
    options: &RotateOptions,
) -> Result<String, Failure> {
    refuse_concurrent_run(run, instance).await?;
    let (instance, access) = password::reset(run, instance, inputs.master.value.clone()).await?;
    let old = match &plan.work {
        // The old value is no longer known; no resolver keeps it longer than the record's TTL.
        Work::Finish { .. } => {
            // The run that moved the record has stored the other secrets.
            store::store(run, &plan.record, [&inputs.master]).await?;
            RecordState::Present(Record { value: String::new(), ttl: run.target.record.ttl.as_secs() })
        }
        Work::Restore { .. } | Work::Resume { .. } => {
            parameters::verify(run, &instance, &access).await?;
            configured_databases::check(run, &access, &instance.name).await?;
            let scrubbed = scrub_clone(run, &instance, &access, plan, inputs, options).await?;
            run.check_owner(&instance).await?;
            publish::open(run, &instance).await?;
            store::store(run, &plan.record, inputs.secrets.iter().chain([&inputs.master])).await?;
            run.check_owner(&instance).await?;
            publish::swap(run, &plan.record, scrubbed).await?;
            plan.record.clone()
        }
    };
    publish::verify_record(run, &access, &instance).await?;
    publish::mark_live(run, &instance).await?;
    publish::wait_for_ttl(run, &old).await;
    let failed = retire::replaced(run, &plan.retire, &plan.keep).await;
    summary::report(run, plan, &instance);
    if !failed.is_empty() {
        return Err(retire::failure(&instance, &failed));
    }
    Ok(instance.name)
}

/// Turns a restored clone into one that may be published. Every step can be repeated, so the clone of an interrupted
/// run passes all of them again; scripts recorded as committed do not run twice.
async fn scrub_clone(
    run: &Run,
    instance: &Instance,
    access: &Access,
    plan: &Plan,
    inputs: &RunInputs,
    options: &RotateOptions,
) -> Result<Scrubbed, Failure> {
    let marker = Marker {
        generation: instance.name.clone(),
        snapshot: plan.snapshot.id.clone(),
        run: run.id.clone(),
        recipe: inputs.recipe.clone(),
        phase: Phase::Secured.to_string(),
    };
    // A run that proved the clone scrubbed has dropped the fingerprints of the originals: they cannot be searched for
    // again.
    let databases: Vec<&str> = inputs.databases.iter().map(|work| work.database.as_str()).collect();
    let proven = again(access, &run.first_database(), &|why| run.warn(why), async || {
        Ok(publish_gate::is_proven(access, &databases, &marker).await?)
    })
    .await?;
    let phase = if proven { Phase::Scrubbed } else { Phase::Secured };
    secure::secure(run, access, &Marker { phase: phase.to_string(), ..marker.clone() }, inputs).await?;
    set_phase(run, instance, phase).await?;
    coverage::check(run, instance, access, inputs).await?;
    if !proven {
        masking::capture(run, instance, access, inputs).await?;
    }
    scripts::run_stages(run, instance, access, inputs, options, &[Stage::Secure]).await?;
    masking::mask(run, instance, access, inputs).await?;
    scripts::run_stages(run, instance, access, inputs, options, &[Stage::Scrub, Stage::Seed]).await?;
    let scrubbed = verify::verify(run, instance, access, &marker, inputs, options, proven).await?;
    set_phase(run, instance, Phase::Scrubbed).await?;
    Ok(scrubbed)
}

async fn set_phase(run: &Run, instance: &Instance, phase: Phase) -> Result<(), Failure> {
    let tags = Tags::from([(tag::PHASE.to_owned(), phase.to_string())]);
    Ok(run.tag(&instance.name, &instance.resource_id, tags).await?)
}

/// Refuses to continue beside a concurrent run. Two runs that began in the same second did not see each other; both
/// check again now that both clones exist, and the one with the lower name continues.
async fn refuse_concurrent_run(run: &Run, instance: &Instance) -> Result<(), Failure> {
    let now = jiff::Timestamp::now();
    let concurrent = run.retry(|| run.platform.generations()).await?.into_iter().find(|other| {
        other.name < instance.name
            && other.tag(tag::TARGET) == Some(&run.target.name)
            && !other.phase().is_some_and(Phase::is_published)
            && other.tag(tag::RUN) != Some(&run.id)
            && lease_tag::ends_at(other).is_some_and(|until| until > now)
    });
    match concurrent {
        None => Ok(()),
        Some(other) => Err(Failure::new(Exit::Busy, format!("another run works on {}", other.name))
            .hint("it began at the same moment; wait for it")),
    }
}

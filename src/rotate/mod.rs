//! The rotation, on one page: [`rotate`] is the story, [`carry_out`] its middle. Looking is in
//! `observe`, deciding in `plan`; each step is a file of its own.

pub mod access;
pub mod audit;
pub mod begin;
pub mod cleanup;
pub mod doctor;
mod lease;
mod masks;
pub mod name;
pub mod observe;
mod password;
pub mod plan;
mod plan_display;
mod preflight;
pub mod prepare;
mod publish;
mod restore;
mod retire;
pub mod rollback;
pub mod run;
mod scrub;
mod secure;
pub mod status;
mod undo;
mod wait;

use std::future::Future;
use std::sync::Arc;

use crate::error::{Exit, Failure};
use crate::event::Event;
use crate::platform::guard::Scrubbed;
use crate::platform::{Instance, Phase, RecordState, Tags, tag};
use crate::scrub::marker::Marker;
use crate::scrub::publish_gate;
use crate::scrub::scripts::Stage;

use access::Access;
use lease::Lease;
use plan::{Plan, PlanOptions, Work};
use prepare::RunInputs;
use run::Run;

/// What the user asked for.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// What bears on the decision.
    pub wishes: PlanOptions,
    /// Print the plan and stop.
    pub dry_run: bool,
    /// Leave a failed clone in quarantine.
    pub keep_failed: bool,
    /// Contexts of seeds.
    pub contexts: Vec<String>,
    /// Run each script twice.
    pub check_idempotent: bool,
}

/// Rotates. Answers the name of the live generation; none after a dry run. When `cancel` ends first,
/// the clone is removed and nothing else is changed.
pub async fn rotate(
    run: &Arc<Run>,
    options: &Options,
    cancel: impl Future<Output = ()>,
) -> Result<Option<String>, Failure> {
    let attempt = async {
        let kit = prepare::prepare(&run.target, &*run.listener).await?;
        kit.must_know(&options.contexts)?;
        let (world, plan) = preflight::preflight(run, &options.wishes, &kit.recipe).await?;
        if options.dry_run {
            let facts = plan_display::facts(run, &plan, &world, &kit, &options.contexts);
            run.listener
                .on_event(&Event::Facts { title: "A rotation would do this; nothing was changed:".into(), facts });
            return Ok(None);
        }
        carry_out(run, &plan, &kit, options).await.map(Some)
    };
    let mut cancel = std::pin::pin!(cancel);
    let result = tokio::select! {
        result = attempt => result,
        () = &mut cancel => Err(Failure::new(Exit::Interrupted, "interrupted")),
    };
    match result {
        Err(failure) if failure.exit == Exit::Refused && run.place().clone.is_none() => {
            Err(failure.and("nothing was changed"))
        }
        Err(failure) => Err(undo::after(run, failure, options.keep_failed, cancel).await),
        done => done,
    }
}

async fn carry_out(run: &Arc<Run>, plan: &Plan, kit: &RunInputs, options: &Options) -> Result<String, Failure> {
    retire::abandoned(run, &plan.abandoned).await?;
    let (_lease, lost) = Lease::renew(run.clone());
    // Not ended when another run takes the clone over: on the local platform the copy is work of this very
    // process, and the other run waits for it.
    let instance = match &plan.work {
        Work::Restore { name } => restore::restore(run, plan, name).await?,
        Work::Resume { clone } => restore::resume(run, plan, clone).await?,
        Work::Finish { generation } => restore::finish(run, plan, generation).await?,
    };
    let rest = async {
        refuse_rivals(run, &instance).await?;
        let (instance, access) = password::reset(run, &instance, kit.master.clone()).await?;
        let old = match &plan.work {
            // The old value is not known any more: no resolver keeps it longer than the record's TTL.
            Work::Finish { .. } => RecordState::Present(crate::platform::Record {
                value: String::new(),
                ttl: run.target.record.ttl.as_secs(),
            }),
            Work::Restore { .. } | Work::Resume { .. } => {
                let scrubbed = scrub_clone(run, &instance, &access, plan, kit, options).await?;
                run.still_owns(&instance).await?;
                publish::open(run, &instance).await?;
                run.still_owns(&instance).await?;
                publish::swap(run, &plan.record, scrubbed).await?;
                plan.record.clone()
            }
        };
        publish::prove(run, &access, &instance).await?;
        publish::mark_live(run, &instance).await?;
        kit.store().await.map_err(|failure| Failure { exit: Exit::NotRetired, ..failure })?;
        publish::wait_out(run, &old).await;
        let left = retire::replaced(run, &plan.retire, &plan.keep).await;
        all_retired(&instance, &left)?;
        Ok(instance.name)
    };
    tokio::select! {
        biased;
        Ok(other) = lost => {
            // The clone is the other run's now: whatever is to be done with it, is done there.
            run.set_place(|place| place.clone = None);
            Err(Failure::new(Exit::Busy, format!("run {other} took the clone over")))
        }
        result = rest => result,
    }
}

/// From a restored clone to one that may be published. Every step can be repeated, so an interrupted
/// run's clone goes through all of them again; scripts that are recorded as committed do not run twice.
async fn scrub_clone(
    run: &Run,
    instance: &Instance,
    access: &Access,
    plan: &Plan,
    kit: &RunInputs,
    options: &Options,
) -> Result<Scrubbed, Failure> {
    let marker = Marker {
        generation: instance.name.clone(),
        snapshot: plan.snapshot.id.clone(),
        run: run.id.clone(),
        recipe: kit.recipe.clone(),
        phase: Phase::Secured.to_string(),
    };
    // What an interrupted run has proven, it has forgotten the originals of.
    let databases: Vec<&str> = kit.work.iter().map(|work| work.database.as_str()).collect();
    let proven = publish_gate::is_proven(access, &databases, &marker).await?;
    let phase = if proven { Phase::Scrubbed } else { Phase::Secured };
    secure::secure(run, access, &Marker { phase: phase.to_string(), ..marker.clone() }, kit).await?;
    set_phase(run, instance, phase).await?;
    masks::cover(run, instance, access, kit).await?;
    if !proven {
        masks::remember(run, instance, access, kit).await?;
    }
    scrub::scripts(run, instance, access, kit, options, &[Stage::Secure]).await?;
    masks::mask(run, instance, access, kit).await?;
    scrub::scripts(run, instance, access, kit, options, &[Stage::Scrub, Stage::Seed]).await?;
    let scrubbed = scrub::check(run, instance, access, &marker, kit, options, proven).await?;
    set_phase(run, instance, Phase::Scrubbed).await?;
    Ok(scrubbed)
}

async fn set_phase(run: &Run, instance: &Instance, phase: Phase) -> Result<(), Failure> {
    let tags = Tags::from([(tag::PHASE.to_owned(), phase.to_string())]);
    Ok(run.tag(&instance.name, &instance.resource_id, tags).await?)
}

/// Two runs that began in the same second saw nothing of each other. Both look again now that both
/// clones exist; the one with the lower name goes on.
async fn refuse_rivals(run: &Run, instance: &Instance) -> Result<(), Failure> {
    let now = jiff::Timestamp::now();
    let rival = run.platform.generations().await?.into_iter().find(|other| {
        other.name < instance.name
            && other.tag(tag::TARGET) == Some(&run.target.name)
            && !other.phase().is_some_and(Phase::is_published)
            && other.tag(tag::RUN) != Some(&run.id)
            && plan::lease(other).is_some_and(|until| until > now)
    });
    match rival {
        None => Ok(()),
        Some(other) => Err(Failure::new(Exit::Busy, format!("another run works on {}", other.name))
            .hint("it began at the same moment; wait for it")),
    }
}

fn all_retired(instance: &Instance, left: &[(String, String)]) -> Result<(), Failure> {
    if left.is_empty() {
        return Ok(());
    }
    let list: Vec<String> = left.iter().map(|(name, why)| format!("{name}: {why}")).collect();
    Err(Failure::new(
        Exit::NotRetired,
        format!("{} is live, but not all old generations are gone: {}", instance.name, list.join("; ")),
    )
    .hint("the next rotation tries again"))
}

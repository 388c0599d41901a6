//! `devdb rollback`: points the record back at a kept generation. The guards are those of a rotation: the master
//! password is reset and verified by a login, and the generation's own marker must state that it was scrubbed.

use std::sync::Arc;

use clap::Args;
use secrecy::ExposeSecret as _;

use crate::error::{Exit, Failure};
use crate::event::Listener;
use crate::interrupt;
use crate::platform::{Instance, Phase, RecordState, Status, Tags, tag};
use crate::rotate::observe::{World, observe};
use crate::rotate::run::Run;
use crate::rotate::start::start;
use crate::rotate::{password, publish};
use crate::scrub::publish_gate;
use crate::secret;

use super::global_options::GlobalOptions;

const PURPOSE: &str = "master password";

/// Arguments of `devdb rollback`.
#[derive(Debug, Args)]
pub struct RollbackArgs {
    /// The generation to roll back to; by default the newest kept one.
    #[arg(value_name = "GENERATION")]
    to: Option<String>,
}

/// Runs the command.
pub async fn run(global: &GlobalOptions, args: &RollbackArgs, listener: Arc<dyn Listener>) -> Result<Exit, Failure> {
    let run = start("rollback", global.target()?, listener, false).await?;
    let rolled_back = tokio::select! {
        result = roll_back(&run, args.to.as_deref()) => result,
        () = interrupt::signal() => Err(Failure::new(Exit::Interrupted, "interrupted")
            .and("`devdb status` shows what the record points at")),
    };
    Ok(run.finish(rolled_back.map(|generation| (Exit::Done, Some(generation)))))
}

/// Rolls back to `wanted`, or to the newest kept generation, and returns its name.
async fn roll_back(run: &Run, wanted: Option<&str>) -> Result<String, Failure> {
    let world = observe(&run.platform).await?;
    let (to, from) = choose(run, &world, wanted)?;
    let master = secret::resolve(&run.target.master_password, PURPOSE).await?;
    secret::check_master(&master)?;
    run.listener.add_secret(master.expose_secret());
    let (to, access) = password::reset(run, &to, master.clone()).await?;
    let session = access.login(&run.first_database()).await?;
    let dev = run.admit(&to.name, &to.resource_id).await?;
    let scrubbed = publish_gate::recall(dev, &session).await?;
    publish::swap(run, &world.record, scrubbed).await?;
    publish::verify_record(run, &access, &to).await?;
    publish::mark_live(run, &to).await?;
    let retired = Tags::from([(tag::PHASE.to_owned(), Phase::Retired.to_string())]);
    run.tag(&from.name, &from.resource_id, retired).await?;
    secret::store(&run.target.master_password, &master, PURPOSE).await?;
    Ok(to.name)
}

/// Returns the generation to roll back to, and the live one.
fn choose(run: &Run, world: &World, wanted: Option<&str>) -> Result<(Instance, Instance), Failure> {
    let refused = |why: String| Failure::new(Exit::Refused, why);
    if let RecordState::Foreign(why) = &world.record {
        return Err(refused(format!("{}: {why}", run.target.record.name)));
    }
    let Some(live) = world.live() else {
        return Err(refused(format!("{} does not point at a generation of this target", run.target.record.name))
            .hint("`devdb status` lists the generations"));
    };
    let mut kept: Vec<&Instance> = world
        .instances
        .iter()
        .filter(|instance| instance.name != live.name && wanted.is_none_or(|wanted| wanted == instance.name))
        .filter(|instance| instance.phase().is_some_and(Phase::is_published) && instance.status == Status::Available)
        .collect();
    kept.sort_by(|a, b| a.name.cmp(&b.name));
    match kept.last() {
        Some(to) => Ok(((*to).clone(), live.clone())),
        None => {
            let what = wanted
                .map_or_else(|| "no generation is kept".to_owned(), |name| format!("{name} is not a kept generation"));
            let hint = match wanted {
                Some(_) => "`devdb status` lists kept generations: phase retired, status available",
                None => "`generation.keep` sets how many replaced generations are kept",
            };
            Err(refused(what).hint(hint))
        }
    }
}

//! `devdb rollback`: point the record back at a generation that was kept. The same guards as a
//! rotation: the master password is reset and proven, and the generation's own marker must say that it
//! was scrubbed.

use std::future::Future;
use std::sync::Arc;

use crate::error::{Exit, Failure};
use crate::platform::{Instance, Phase, RecordState, Status, Tags, tag};
use crate::scrub::publish_gate;
use crate::secret;

use super::observe::{World, observe};
use super::run::Run;
use super::{password, publish};

const PURPOSE: &str = "master password";

/// Rolls back to `wanted`, or to the newest kept generation. Answers its name.
pub async fn rollback(
    run: &Arc<Run>,
    wanted: Option<&str>,
    cancel: impl Future<Output = ()>,
) -> Result<String, Failure> {
    tokio::select! {
        result = go(run, wanted) => result,
        () = cancel => Err(Failure::new(Exit::Interrupted, "interrupted").and("`devdb status` shows what the record points at")),
    }
}

async fn go(run: &Arc<Run>, wanted: Option<&str>) -> Result<String, Failure> {
    let world = observe(&run.platform).await?;
    let (to, from) = choose(run, &world, wanted)?;
    let master = secret::resolve(&run.target.master_password, PURPOSE).await?;
    secret::check_master(&master)?;
    run.listener.add_secret(secrecy::ExposeSecret::expose_secret(&master));
    let (to, access) = password::reset(run, &to, master.clone()).await?;
    let database = run.target.databases.first().map_or("postgres", |database| database.name.as_str());
    let session = access.login(database).await?;
    let dev = run.admit(&to.name, &to.resource_id).await?;
    let scrubbed = publish_gate::recall(dev, &session).await?;
    publish::swap(run, &world.record, scrubbed).await?;
    publish::prove(run, &access, &to).await?;
    publish::mark_live(run, &to).await?;
    let retired = Tags::from([(tag::PHASE.to_owned(), Phase::Retired.to_string())]);
    run.tag(&from.name, &from.resource_id, retired).await?;
    secret::store(&run.target.master_password, &master, PURPOSE).await?;
    Ok(to.name)
}

/// The generation to go to and the one to leave.
fn choose(run: &Run, world: &World, wanted: Option<&str>) -> Result<(Instance, Instance), Failure> {
    let refused = |why: String| Failure::new(Exit::Refused, why);
    if let RecordState::Foreign(why) = &world.record {
        return Err(refused(format!("{}: {why}", run.target.record.name)));
    }
    let Some(live) = world.live() else {
        return Err(refused(format!("{} points at no generation of this target", run.target.record.name))
            .hint("`devdb status` shows what there is"));
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
                .map_or_else(|| "no generation is kept".to_owned(), |name| format!("{name} is no kept generation"));
            let hint = match wanted {
                Some(_) => "`devdb status` shows which are kept: phase retired, status available",
                None => "`generation.keep` says how many replaced generations are kept",
            };
            Err(refused(what).hint(hint))
        }
    }
}

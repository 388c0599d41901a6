//! Steps: open the generation to developers, point the record at it, prove that the name serves it.

use std::time::Duration;

use crate::error::{Exit, Failure};
use crate::platform::guard::Scrubbed;
use crate::platform::retry::while_busy;
use crate::platform::{Change, Instance, Phase, RecordState, Tags, tag};
use crate::scrub::marker;

use super::access::Access;
use super::run::Run;
use super::wait::{self, Pace, Watch};
use crate::units::span;

/// Lets developers reach it.
pub async fn open(run: &Run, instance: &Instance) -> Result<(), Failure> {
    let name = &instance.name;
    let step = run.step("open", format!("open {name} to developers"));
    let limit = run.target.deadlines.publish;
    while_busy(
        limit,
        |busy| step.progress(busy.to_string()),
        || async { run.platform.open(run.admit(name, &instance.resource_id).await?).await },
    )
    .await?;
    // Right after the call an instance still shows the old settings, as available as before.
    let opened = run.platform.opened();
    let mut pace = Pace::default();
    let mut watch = Watch::new(&step);
    loop {
        let left = limit.saturating_sub(watch.elapsed());
        let now = wait::until_available(&*run.platform, &step, name, left, None).await?;
        let Some((key, _)) = opened.iter().find(|(key, value)| now.settings.get(*key) != Some(value)) else { break };
        watch.see(&format!("{key} not in force yet"));
        if watch.elapsed() > limit {
            return Err(Failure::new(
                Exit::Unexpected,
                format!("{key} of {name} did not change within {}", span(limit)),
            ));
        }
        pace.rest().await;
    }
    step.done(format!("{name} is open to developers"));
    Ok(())
}

/// Points the record at it and waits until all name servers know. From the call on, the new
/// generation may be live, whatever happens next.
pub async fn swap(run: &Run, from: &RecordState, to: Scrubbed) -> Result<(), Failure> {
    let record = &run.target.record.name;
    let name = to.name().to_owned();
    let step = run.step("swap", format!("point {record} at {name}"));
    let change = call(run, from.clone(), to).await?;
    run.set_place(|place| place.swapped = true);
    let limit = run.target.deadlines.publish;
    let mut watch = Watch::new(&step);
    let mut pace = Pace::default();
    while !run.platform.in_sync(&change).await? {
        watch.see("on its way to the name servers");
        if watch.elapsed() > limit {
            let cause = format!("the change of {record} did not reach all name servers within {}", span(limit));
            return Err(Failure::new(Exit::NotRetired, cause));
        }
        pace.rest().await;
    }
    step.done(format!("{record} points at {name}"));
    Ok(())
}

/// The call itself, in a task: a request that was sent may be carried out although nobody waits for
/// the answer, so whoever cleans up after a cancelled run has to let it end before looking at the record.
async fn call(run: &Run, from: RecordState, to: Scrubbed) -> Result<Change, Failure> {
    let (platform, changing) = (run.platform.clone(), run.changing.clone().lock_owned().await);
    let call = tokio::spawn(async move {
        let _changing = changing;
        platform.swap(&from, &to).await
    });
    let answer = call.await.map_err(|error| Failure::new(Exit::Unexpected, error))?;
    Ok(answer?)
}

/// Connects as a developer would, by the name, and finds the marker of this generation there.
pub async fn prove(run: &Run, access: &Access, instance: &Instance) -> Result<(), Failure> {
    let record = &run.target.record.name;
    let step = run.step("prove", format!("connect through {record}"));
    let limit = run.target.deadlines.publish + run.target.record.ttl;
    let mut watch = Watch::new(&step);
    let mut pace = Pace::default();
    loop {
        let seen = match look(run, access, instance).await {
            Ok(Some(generation)) if generation == instance.name => break,
            Ok(Some(generation)) => format!("the name still leads to {generation}"),
            Ok(None) => "the name leads to a database without a marker".to_owned(),
            Err(failure) => failure.to_string(),
        };
        watch.see(&seen);
        if watch.elapsed() > limit {
            let cause = format!("{record} does not lead to {} after {}: {seen}", instance.name, span(limit));
            return Err(Failure::new(Exit::NotRetired, cause)
                .hint("look the name up from where devdb runs; old generations stay until it leads to the new one"));
        }
        pace.rest().await;
    }
    step.done(format!("{record} leads to {}", instance.name));
    Ok(())
}

async fn look(run: &Run, access: &Access, instance: &Instance) -> Result<Option<String>, Failure> {
    let route = run.platform.route_by_record(instance).await?;
    let Some(database) = run.target.databases.first() else { return Ok(None) };
    // Held until the answer is there: a tunnel ends with it.
    let by_name = access.by(route);
    let session = by_name.login(&database.name).await?;
    Ok(marker::read_marker(&session).await?.map(|marker| marker.generation))
}

/// Writes down that it is live.
pub async fn mark_live(run: &Run, instance: &Instance) -> Result<(), Failure> {
    let tags = Tags::from([
        (tag::PHASE.to_owned(), Phase::Live.to_string()),
        (tag::LIVE_SINCE.to_owned(), jiff::Timestamp::now().to_string()),
    ]);
    Ok(run.tag(&instance.name, &instance.resource_id, tags).await?)
}

/// Waits until no resolver can still have the old value.
pub async fn wait_out(run: &Run, old: &RecordState) {
    let RecordState::Present(old) = old else { return };
    if old.ttl == 0 {
        return;
    }
    let ttl = Duration::from_secs(old.ttl);
    let step = run.step("ttl", format!("wait out the old record's TTL of {}", span(ttl)));
    tokio::time::sleep(ttl).await;
    step.done("no resolver has the old value any more");
}

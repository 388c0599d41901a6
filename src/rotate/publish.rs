//! Steps: open the generation to developers, point the record at it, and verify that the name serves it.

use std::sync::Arc;
use std::time::Duration;

use crate::error::{Exit, Failure};
use crate::platform::guard::Scrubbed;
use crate::platform::retry::while_transient;
use crate::platform::{self, Instance, Phase, RecordChange, RecordState, tag};
use crate::scrub::marker;
use crate::units::span;

use super::access::Access;
use super::lease_tag;
use super::run::Run;
use super::wait::{self, Backoff, StateReporter};

/// Makes the generation reachable for developers.
pub async fn open(run: &Run, instance: &Instance) -> Result<(), Failure> {
    let name = &instance.name;
    let step = run.step("open", "open to developers");
    let limit = run.target.deadlines.publish;
    let mut reporter = StateReporter::new(&step);
    while_transient(
        limit,
        |error| reporter.retrying(error),
        || async { run.platform.open(run.admit_once(name, &instance.resource_id).await?).await },
    )
    .await?;
    // Right after the request the instance still has the old settings, and is available.
    let opened = run.platform.published_settings();
    let mut backoff = Backoff::default();
    let mut reporter = StateReporter::new(&step);
    loop {
        let left = limit.saturating_sub(reporter.elapsed());
        let now = wait::until_available(&*run.platform, &step, name, left, None).await?;
        let Some((key, _)) = opened.iter().find(|(key, value)| now.settings.get(*key) != Some(value)) else { break };
        reporter.report(&format!("{key} not in force yet"));
        if reporter.elapsed() > limit {
            return Err(Failure::new(
                Exit::Unexpected,
                format!("{key} of {name} did not change within {}", span(limit)),
            ));
        }
        backoff.pause().await;
    }
    step.done(format!("{name} accepts developers"));
    Ok(())
}

/// Points the record at the generation, and waits until all name servers have the change. From the request on, the
/// new generation may be live, whatever happens next.
pub async fn swap(run: &Run, from: &RecordState, to: Scrubbed) -> Result<(), Failure> {
    let record = &run.target.record.name;
    let name = to.name().to_owned();
    let step = run.step("swap", "move the record");
    run.update_progress(|progress| progress.swap_requested = true);
    let limit = run.target.deadlines.publish;
    let (to, mut reporter) = (Arc::new(to), StateReporter::new(&step));
    let change =
        while_transient(limit, |error| reporter.retrying(error), || request_swap(run, from.clone(), to.clone()))
            .await?;
    run.update_progress(|progress| progress.swapped = true);
    let mut reporter = StateReporter::new(&step);
    let mut backoff = Backoff::default();
    loop {
        match wait::observed(run.platform.in_sync(&change).await, record, limit, &mut reporter)? {
            Some(true) => break,
            Some(false) => reporter.report("not on all name servers yet"),
            None => {}
        }
        if reporter.elapsed() > limit {
            let cause = format!("the change of {record} did not reach all name servers within {}", span(limit));
            return Err(Failure::new(Exit::NotRetired, cause));
        }
        backoff.pause().await;
    }
    step.done(format!("{record} points at {name}"));
    Ok(())
}

/// Sends the request in a task of its own: it may be carried out although the run was cancelled, so the cleanup after a
/// cancelled run has to let it end before reading the record.
async fn request_swap(run: &Run, from: RecordState, to: Arc<Scrubbed>) -> platform::Result<RecordChange> {
    let (platform, guard) = (run.platform.clone(), run.record_change.clone().lock_owned().await);
    let request = tokio::spawn(async move {
        let _guard = guard;
        platform.swap(&from, &to).await
    });
    request.await.unwrap_or_else(|error| Err(platform::Error::Local(error.to_string())))
}

/// Connects through the name, as a developer does, until the marker of this generation is there.
pub async fn verify_record(run: &Run, access: &Access, instance: &Instance) -> Result<(), Failure> {
    let record = &run.target.record.name;
    let step = run.step("prove", "verify the record");
    let limit = run.target.deadlines.publish + run.target.record.ttl;
    let mut reporter = StateReporter::new(&step);
    let mut backoff = Backoff::default();
    loop {
        let state = match generation_at_record(run, access, instance).await {
            Ok(Some(generation)) if generation == instance.name => break,
            Ok(Some(generation)) => format!("the name still leads to {generation}"),
            Ok(None) => "the name leads to a database without a marker".to_owned(),
            Err(failure) => failure.to_string(),
        };
        reporter.report(&state);
        if reporter.elapsed() > limit {
            let cause = format!("{record} does not lead to {} after {}: {state}", instance.name, span(limit));
            return Err(Failure::new(Exit::NotRetired, cause)
                .hint("resolve the name where devdb runs; old generations are kept until it leads to the new one"));
        }
        backoff.pause().await;
    }
    step.done(format!("{record} reaches {}", instance.name));
    Ok(())
}

/// Returns the generation that the name leads to, or `None` if there is no marker.
async fn generation_at_record(run: &Run, access: &Access, instance: &Instance) -> Result<Option<String>, Failure> {
    let route = run.platform.route_by_record(instance).await?;
    let Some(database) = run.target.databases.first() else { return Ok(None) };
    // Kept until the marker is read: dropping it closes the tunnel.
    let by_name = access.over(route);
    let session = by_name.login(&database.name).await?;
    Ok(marker::read_marker(&session).await?.map(|marker| marker.generation))
}

/// Tags the generation as live, and ends the lease on it: from here on another run may work on it.
pub async fn mark_live(run: &Run, instance: &Instance) -> Result<(), Failure> {
    run.update_progress(|progress| progress.held = false);
    let mut tags = lease_tag::released();
    tags.insert(tag::PHASE.to_owned(), Phase::Live.to_string());
    tags.insert(tag::LIVE_SINCE.to_owned(), jiff::Timestamp::now().to_string());
    Ok(run.tag(&instance.name, &instance.resource_id, tags).await?)
}

/// Waits until no resolver can have the old value in its cache.
pub async fn wait_for_ttl(run: &Run, old: &RecordState) {
    let RecordState::Present(old) = old else { return };
    if old.ttl == 0 {
        return;
    }
    let ttl = Duration::from_secs(old.ttl);
    let step = run.step("ttl", "wait for the old TTL");
    tokio::time::sleep(ttl).await;
    step.done(format!("no resolver has the old value after {}", span(ttl)));
}

//! Step: restore the snapshot, and wait until the instance is available with exactly the requested settings.

use crate::error::{Exit, Failure};
use crate::platform::retry::while_transient;
use crate::platform::{self, Instance, PENDING_SECURITY_GROUP, Phase, RestoreOrder, Settings, tag};
use crate::step::Step;
use crate::units::size;

use super::lease_tag;
use super::plan::Plan;
use super::run::Run;
use super::wait::{self, StateReporter};

/// Restores the planned snapshot as `name`.
pub async fn restore(run: &Run, plan: &Plan, name: &str) -> Result<Instance, Failure> {
    let snapshot = &plan.snapshot;
    let bytes = snapshot.size.map_or_else(String::new, |bytes| format!(" ({})", size(bytes)));
    let step = run.step("restore", format!("restore {}{bytes}", snapshot.id));
    let mut tags = plan.tags.clone();
    // The planned lease may have ended by now: clones of dead runs were removed first.
    tags.extend(lease_tag::held(run.target.generation.lease));
    let order = RestoreOrder { name: name.to_owned(), snapshot: snapshot.clone(), tags };
    // From here on a clone may exist, even if the response is lost.
    run.update_progress(|progress| {
        progress.clone = Some((name.to_owned(), None));
        progress.accepted = true;
    });
    let limit = run.target.deadlines.restore;
    let mut reporter = StateReporter::new(&step);
    if let Err(error) = while_transient(limit, |error| reporter.retrying(error), || run.platform.restore(&order)).await
    {
        run.update_progress(|progress| progress.accepted = false);
        return Err(match error {
            platform::Error::NameTaken { .. } => {
                // That clone belongs to the other run: this run must not remove it.
                run.update_progress(|progress| progress.clone = None);
                Failure::new(Exit::Busy, error).hint("another run began in the same second; wait for it")
            }
            error => error.into(),
        });
    }
    run.update_progress(|progress| progress.held = true);
    let instance = wait::until_available(&*run.platform, &step, name, limit, Some(PENDING_SECURITY_GROUP)).await?;
    run.update_progress(|progress| {
        progress.clone = Some((name.to_owned(), Some(instance.resource_id.clone())));
        // It was visible: if it is not visible later, it is gone.
        progress.accepted = false;
    });
    compare(&run.platform.quarantine_settings(), &instance.settings)?;
    step.done("available; only devdb can reach it");
    Ok(instance)
}

/// Resumes the clone of an interrupted run.
pub async fn resume(run: &Run, plan: &Plan, clone: &Instance) -> Result<Instance, Failure> {
    let phase = clone.phase().map_or_else(|| "unfinished".to_owned(), |phase| phase.to_string());
    let step = run.step("restore", format!("resume {} ({phase})", clone.name));
    run.update_progress(|progress| progress.clone = Some((clone.name.clone(), Some(clone.resource_id.clone()))));
    take_over(run, plan, clone, &step).await?;
    let limit = run.target.deadlines.restore;
    let instance =
        wait::until_available(&*run.platform, &step, &clone.name, limit, Some(PENDING_SECURITY_GROUP)).await?;
    let mut requested = run.platform.quarantine_settings();
    if instance.phase() == Some(Phase::Scrubbed) {
        // The interrupted run may have opened it already, after it was scrubbed.
        let opened = run.platform.published_settings().into_iter();
        requested.extend(opened.filter(|(key, value)| instance.settings.get(key) == Some(value)));
    }
    compare(&requested, &instance.settings)?;
    step.done("available");
    Ok(instance)
}

/// Finishes a generation that the record already points at.
pub async fn finish(run: &Run, plan: &Plan, generation: &Instance) -> Result<Instance, Failure> {
    let step = run.step("restore", format!("finish {}", generation.name));
    run.update_progress(|progress| {
        progress.clone = Some((generation.name.clone(), Some(generation.resource_id.clone())));
        progress.swapped = true;
    });
    take_over(run, plan, generation, &step).await?;
    step.done("available");
    Ok(generation.clone())
}

/// Takes over an instance. A run that still works on it notices at its next renewal, after a third of a lease; this
/// run waits for half a lease, so that two never work on the same clone.
async fn take_over(run: &Run, plan: &Plan, instance: &Instance, step: &Step<'_>) -> Result<(), Failure> {
    let alive = lease_tag::is_held(instance);
    let mut tags = lease_tag::held(run.target.generation.lease);
    tags.insert(tag::RUN.to_owned(), run.id.clone());
    tags.extend(plan.tags.get_key_value(tag::RECIPE).map(|(key, value)| (key.clone(), value.clone())));
    run.tag(&instance.name, &instance.resource_id, tags).await?;
    run.update_progress(|progress| progress.held = true);
    if alive {
        step.progress("taken over; waiting until its run has noticed");
        tokio::time::sleep(run.target.generation.lease / 2).await;
    }
    Ok(())
}

/// Compares the settings of a restored instance with the request: a difference may mean that it is reachable.
fn compare(requested: &Settings, actual: &Settings) -> Result<(), Failure> {
    let differences: Vec<String> = requested
        .iter()
        .filter(|(key, value)| actual.get(*key) != Some(value))
        .map(|(key, value)| {
            let actual = actual.get(key).map_or("nothing", String::as_str);
            format!("{key} is {actual:?} instead of {value:?}")
        })
        .collect();
    if differences.is_empty() {
        return Ok(());
    }
    let cause = format!("the restored instance differs from the request: {}", differences.join("; "));
    Err(Failure::new(Exit::Unexpected, cause)
        .hint("check the parameter group, the security groups and any automation that changes new instances"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_reported() {
        let requested = Settings::from([("publicly accessible", "no".to_owned()), ("class", "a".to_owned())]);
        assert!(compare(&requested, &requested.clone()).is_ok());
        let actual = Settings::from([("publicly accessible", "yes".to_owned())]);
        let said = compare(&requested, &actual).unwrap_err().to_string();
        assert!(said.contains(r#"publicly accessible is "yes" instead of "no""#), "{said}");
        assert!(said.contains(r#"class is "nothing""#), "{said}");
    }
}

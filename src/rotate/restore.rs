//! Step: restore the snapshot and wait until it is available, exactly as it was asked for.

use crate::error::{Exit, Failure};
use crate::platform::{self, Instance, Phase, RestoreOrder, Settings, tag};

use super::lease;
use super::plan::Plan;
use super::run::Run;
use super::wait;
use crate::step::Step;
use crate::units::size;

/// Restores `plan.snapshot` as `name`.
pub async fn restore(run: &Run, plan: &Plan, name: &str) -> Result<Instance, Failure> {
    let snapshot = &plan.snapshot;
    let bytes = snapshot.size.map_or_else(String::new, |bytes| format!(" ({})", size(bytes)));
    let step = run.step("restore", format!("restore {}{bytes} as {name}", snapshot.id));
    let mut tags = plan.tags.clone();
    // The plan may be older than a lease by now: dead runs' clones were removed first.
    tags.extend(lease::held(run.target.generation.lease));
    let order = RestoreOrder { name: name.to_owned(), snapshot: snapshot.clone(), tags };
    // From here on a clone may exist, even if the answer to the call is lost.
    run.set_place(|place| {
        place.clone = Some((name.to_owned(), None));
        place.accepted = true;
    });
    if let Err(error) = run.platform.restore(&order).await {
        run.set_place(|place| place.accepted = false);
        return Err(match error {
            platform::Error::NameTaken { .. } => {
                // That clone is the other run's: it must not be cleaned up here.
                run.set_place(|place| place.clone = None);
                Failure::new(Exit::Busy, error).hint("another run began in the same second; wait for it")
            }
            error => error.into(),
        });
    }
    run.set_place(|place| place.held = true);
    let limit = run.target.deadlines.restore;
    let instance = wait::until_available(&*run.platform, &step, name, limit, None).await?;
    run.set_place(|place| {
        place.clone = Some((name.to_owned(), Some(instance.resource_id.clone())));
        // It was seen: if it cannot be seen again, it is gone.
        place.accepted = false;
    });
    compare(&run.platform.quarantine(), &instance.settings)?;
    step.done(format!("{name} is available, closed to all but devdb"));
    Ok(instance)
}

/// Goes on with a clone that an interrupted run left.
pub async fn resume(run: &Run, plan: &Plan, clone: &Instance) -> Result<Instance, Failure> {
    let phase = clone.phase().map_or_else(|| "unfinished".to_owned(), |phase| phase.to_string());
    let step = run.step("restore", format!("go on with {}, which an interrupted run left {phase}", clone.name));
    run.set_place(|place| place.clone = Some((clone.name.clone(), Some(clone.resource_id.clone()))));
    take(run, plan, clone, &step).await?;
    let limit = run.target.deadlines.restore;
    let instance = wait::until_available(&*run.platform, &step, &clone.name, limit, None).await?;
    let mut asked = run.platform.quarantine();
    if instance.phase() == Some(Phase::Scrubbed) {
        // The interrupted run may have opened it already; it was scrubbed by then.
        let opened = run.platform.opened().into_iter();
        asked.extend(opened.filter(|(key, value)| instance.settings.get(key) == Some(value)));
    }
    compare(&asked, &instance.settings)?;
    step.done(format!("{} is available", clone.name));
    Ok(instance)
}

/// Takes over a generation that the record already points at.
pub async fn finish(run: &Run, plan: &Plan, generation: &Instance) -> Result<Instance, Failure> {
    let step = run.step("restore", format!("finish {}, which an interrupted run published", generation.name));
    run.set_place(|place| {
        place.clone = Some((generation.name.clone(), Some(generation.resource_id.clone())));
        place.swapped = true;
    });
    take(run, plan, generation, &step).await?;
    step.done(format!("{} is available", generation.name));
    Ok(generation.clone())
}

/// Makes it this run's. A run that still works on it notices when it next looks at its lease, which it does
/// every third of one; it is given half of one, so that two never work on the same clone.
async fn take(run: &Run, plan: &Plan, instance: &Instance, step: &Step<'_>) -> Result<(), Failure> {
    let alive = lease::is_held(instance);
    let mut tags = lease::held(run.target.generation.lease);
    tags.insert(tag::RUN.to_owned(), run.id.clone());
    tags.extend(plan.tags.get_key_value(tag::RECIPE).map(|(key, value)| (key.clone(), value.clone())));
    run.tag(&instance.name, &instance.resource_id, tags).await?;
    run.set_place(|place| place.held = true);
    if alive {
        step.progress("taken over; its run is given a moment to notice");
        tokio::time::sleep(run.target.generation.lease / 2).await;
    }
    Ok(())
}

/// What came of a restore must be what was asked for: a difference may mean that it is reachable.
fn compare(asked: &Settings, got: &Settings) -> Result<(), Failure> {
    let differences: Vec<String> = asked
        .iter()
        .filter(|(key, value)| got.get(*key) != Some(value))
        .map(|(key, value)| {
            let got = got.get(key).map_or("nothing", String::as_str);
            format!("{key} is {got:?}, asked was {value:?}")
        })
        .collect();
    if differences.is_empty() {
        return Ok(());
    }
    let cause = format!("the restored instance differs from the request: {}", differences.join("; "));
    Err(Failure::new(Exit::Unexpected, cause)
        .hint("compare the parameter group, the security groups and any automation that changes new instances"))
}

impl From<wait::Error> for Failure {
    fn from(error: wait::Error) -> Self {
        match error {
            wait::Error::Platform(error) => error.into(),
            other => Failure::new(Exit::Unexpected, other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_named() {
        let asked = Settings::from([("publicly accessible", "no".to_owned()), ("class", "a".to_owned())]);
        assert!(compare(&asked, &asked.clone()).is_ok());
        let got = Settings::from([("publicly accessible", "yes".to_owned())]);
        let said = compare(&asked, &got).unwrap_err().to_string();
        assert!(said.contains(r#"publicly accessible is "yes", asked was "no""#), "{said}");
        assert!(said.contains(r#"class is "nothing""#), "{said}");
    }
}

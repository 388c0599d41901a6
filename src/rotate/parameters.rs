//! Step: verify on the server that the parameters on which the quarantine relies are in effect. RDS can report an
//! instance as available while its parameter group waits for a reboot.

use crate::error::{Exit, Failure};
use crate::platform::retry::while_transient;
use crate::platform::{Instance, PENDING_PARAMETER_GROUP, RequiredParameter};
use crate::step::Step;
use crate::units::{counted, span};

use super::access::{Access, through};
use super::run::Run;
use super::wait::{self, Backoff, StateReporter};

/// Verifies the parameters of an unpublished clone, and reboots it once if they are not in effect.
///
/// # Errors
/// If a parameter still has another value, with both values.
pub async fn verify(run: &Run, instance: &Instance, access: &Access) -> Result<(), Failure> {
    let required = run.platform.required_parameters();
    if required.is_empty() {
        return Ok(());
    }
    let step = run.step("parameters", "verify server parameters");
    let number = counted(required.len() as u64, "parameter");
    let mut violations = violations_on_server(run, access, &step, &required).await?;
    let pending = instance.pending.iter().filter(|change| change.starts_with(PENDING_PARAMETER_GROUP));
    let reasons: Vec<String> = pending.chain(&violations).cloned().collect();
    if reasons.is_empty() {
        step.done(format!("{number} in effect"));
        return Ok(());
    }
    step.progress(format!("rebooting: {}", reasons.join("; ")));
    reboot(run, instance, access, &step).await?;
    violations = violations_on_server(run, access, &step, &required).await?;
    if violations.is_empty() {
        step.done(format!("{number} in effect after a reboot"));
        return Ok(());
    }
    let cause = format!("even after a reboot, {} on {}", violations.join("; "), instance.name);
    Err(Failure::new(Exit::Unexpected, cause).during("verify server parameters").hint(
        "look for ALTER SYSTEM, ALTER ROLE … SET or ALTER DATABASE … SET in production, and at the parameter group",
    ))
}

/// Returns what is wrong with the server's values. A parameter that the server does not know has no effect on it.
async fn violations_on_server(
    run: &Run,
    access: &Access,
    step: &Step<'_>,
    required: &[RequiredParameter],
) -> Result<Vec<String>, Failure> {
    let names: Vec<&str> = required.iter().map(|parameter| parameter.name).collect();
    let sql = "SELECT pg_catalog.current_setting(name, true) \
               FROM pg_catalog.unnest($1::pg_catalog.text[]) WITH ORDINALITY AS list (name, at) ORDER BY at";
    let values: Vec<Option<String>> =
        through(access, &run.first_database(), &|why| step.progress(why), async |session| {
            Ok(session.query(sql, &[&names]).await?.iter().map(|row| row.get(0)).collect())
        })
        .await?;
    let violation = |(parameter, value): (&RequiredParameter, Option<String>)| parameter.violation(&value?);
    Ok(required.iter().zip(values).filter_map(violation).collect())
}

/// Reboots the clone, and waits until its server has been started again: right after the request, the instance still
/// reports `available`.
async fn reboot(run: &Run, instance: &Instance, access: &Access, step: &Step<'_>) -> Result<(), Failure> {
    let (name, limit) = (&instance.name, run.target.deadlines.password);
    let before = started_at(run, access).await?;
    let mut reporter = StateReporter::new(step);
    while_transient(
        limit,
        |error| reporter.retrying(error),
        || async { run.platform.reboot(run.admit_once(name, &instance.resource_id).await?).await },
    )
    .await?;
    let mut reporter = StateReporter::new(step);
    let mut backoff = Backoff::default();
    loop {
        let left = limit.saturating_sub(reporter.elapsed());
        wait::until_available(&*run.platform, step, name, left, None).await?;
        let state = match started_at(run, access).await {
            Ok(now) if now != before => return Ok(()),
            Ok(_) => "the server has not been restarted yet".to_owned(),
            Err(error) => format!("login failed: {error}"),
        };
        reporter.report(&state);
        if reporter.elapsed() > limit {
            let cause = format!("{name} was not rebooted within {}: {state}", span(limit));
            return Err(Failure::new(Exit::Unexpected, cause));
        }
        backoff.pause().await;
    }
}

/// Returns when the server was started.
async fn started_at(run: &Run, access: &Access) -> crate::pg::Result<String> {
    let session = access.login(&run.first_database()).await?;
    Ok(session.query_one("SELECT pg_catalog.pg_postmaster_start_time()::pg_catalog.text", &[]).await?.get(0))
}

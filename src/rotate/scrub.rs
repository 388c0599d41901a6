//! Steps: run the scripts, clear what they left behind, and let the leak check decide.

use crate::error::{Exit, Failure, Place};
use crate::platform::Instance;
use crate::platform::guard::Scrubbed;
use crate::scrub::marker::Marker;
use crate::scrub::publish_gate::{self, Case};
use crate::scrub::scripts::{self, Order, Stage};
use crate::scrub::{residue, roles};

use super::Options;
use super::access::{Access, RetryableError, through};
use super::prepare::{RunInputs, Work};
use super::run::Run;
use super::{masks, secure};

/// Runs the scripts of these stages in every database. A broken connection goes on with the next script:
/// each is committed together with the note that it ran.
pub async fn scripts(
    run: &Run,
    instance: &Instance,
    access: &Access,
    kit: &RunInputs,
    options: &Options,
    stages: &[Stage],
) -> Result<(), Failure> {
    if !kit.work.iter().flat_map(|work| work.scripts.entries()).any(|entry| stages.contains(&entry.stage)) {
        return Ok(());
    }
    let names: Vec<&str> = stages.iter().map(|stage| stage.as_str()).collect();
    let step = run.step("scripts", format!("run the scripts of {}", names.join(" and ")));
    let mut rows = 0;
    let mut ran = 0;
    for work in &kit.work {
        for stage in stages.iter().copied() {
            step.progress(format!("{}: {}", work.database, stage.as_str()));
            let order = order(run, instance, work, options);
            let outcome = through(access, &work.database, &|why| step.progress(why), async |session| {
                scripts::run_stage(session, &work.scripts, stage, &order).await.map_err(broken)
            })
            .await?;
            rows += outcome.rows;
            ran += outcome.ran + outcome.already;
        }
    }
    step.done(format!("{ran} scripts, {rows} rows touched"));
    Ok(())
}

/// Clears residue and has the leak check read everything back.
pub async fn check(
    run: &Run,
    instance: &Instance,
    access: &Access,
    marker: &Marker,
    kit: &RunInputs,
    options: &Options,
    proven: bool,
) -> Result<Scrubbed, Failure> {
    // Triggers that fired on the scripts may have filled a queue again.
    secure::defuse(run, access, "defuse what the scripts set off").await?;
    clear(run, access, kit).await?;
    let step = run.step("verify", "read everything back");
    let orders: Vec<(Order<'_>, &Work)> =
        kit.work.iter().map(|work| (order(run, instance, work, options), work)).collect();
    let case = Case {
        masker: masks::masker(run, instance, access, kit),
        proven,
        door: access,
        marker,
        scripts: orders.iter().map(|(order, work)| (work.database.as_str(), &work.scripts, order)).collect(),
        kept_hazards: &run.target.kept_hazards,
        allowed: run.allowed_logins(),
        internal: run.internal_logins(),
    };
    let dev = run.admit(&instance.name, &instance.resource_id).await?;
    let scrubbed = publish_gate::check(dev, &case).await?;
    step.done("hazards, logins, scripts, residue and verify queries are in order");
    Ok(scrubbed)
}

async fn clear(run: &Run, access: &Access, kit: &RunInputs) -> Result<(), Failure> {
    let step = run.step("residue", "rebuild statistics and clear residue");
    let (mut tables, mut views) = (0, 0);
    for work in &kit.work {
        let cleared = through(access, &work.database, &|why| step.progress(why), async |session| {
            for (name, role) in &run.target.ensured_roles {
                roles::grant(session, name, role).await.map_err(RetryableError::from)?;
            }
            Ok(residue::clear(session, &*run.listener).await?)
        })
        .await?;
        if !cleared.unrefreshed.is_empty() {
            let views = cleared.unrefreshed.join(", ");
            return Err(Failure::new(Exit::Leak, format!("{views} in {} still hold original rows", work.database))
                .hint("drop them in a script of 10-scrub, or let the master user own them"));
        }
        tables += cleared.tables;
        views += cleared.refreshed;
    }
    step.done(format!("{tables} tables vacuumed and analyzed, {views} materialized views refreshed"));
    Ok(())
}

fn order<'a>(run: &'a Run, instance: &'a Instance, work: &'a Work, options: &'a Options) -> Order<'a> {
    Order {
        generation: &instance.name,
        variables: &work.variables,
        contexts: &options.contexts,
        deadline: run.target.deadlines.script,
        check_idempotent: options.check_idempotent,
        listener: &*run.listener,
    }
}

fn broken(error: scripts::Error) -> RetryableError {
    if error.is_disconnect() { RetryableError::Lost(error.to_string()) } else { RetryableError::Failed(drawn(error)) }
}

/// A stage's error with its complaints drawn over their lines.
fn drawn(error: scripts::Error) -> Failure {
    let complaints = error.complaints().to_vec();
    let failure = Failure::from(error);
    if complaints.is_empty() {
        return failure;
    }
    let text: Vec<String> = complaints.iter().map(|complaint| complaint.render(false)).collect();
    let what = if failure.exit == Exit::Leak { "the scrub did not reach everything" } else { "a script failed" };
    let place = |complaint: &crate::diagnostic::Complaint| Place {
        file: complaint.file.clone(),
        line: complaint.line(),
        title: complaint.title.clone(),
    };
    // The remedy is drawn under the place already.
    Failure {
        places: complaints.iter().map(place).collect(),
        hint: None,
        ..Failure::new(failure.exit, format!("{what}\n{}", text.join("\n\n")))
    }
}

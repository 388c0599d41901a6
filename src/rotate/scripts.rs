//! Step: run scripts.

use crate::diagnostic::Complaint;
use crate::error::{Exit, Failure, FileLocation};
use crate::platform::Instance;
use crate::scrub::scripts::{self, Stage, StageOptions};
use crate::units::counted;

use super::access::{Access, RetryableError, through};
use super::database_scripts::DatabaseScripts;
use super::inputs::RunInputs;
use super::options::RotateOptions;
use super::run::Run;

/// Runs the scripts of these stages in every database. After a broken connection the next script follows: each is
/// committed together with the record that it ran.
pub async fn run_stages(
    run: &Run,
    instance: &Instance,
    access: &Access,
    inputs: &RunInputs,
    options: &RotateOptions,
    stages: &[Stage],
) -> Result<(), Failure> {
    let mut entries = inputs.databases.iter().flat_map(|work| work.scripts.entries());
    if !entries.any(|entry| stages.contains(&entry.stage)) {
        return Ok(());
    }
    let names: Vec<&str> = stages.iter().map(|stage| stage.as_str()).collect();
    let step = run.step("scripts", format!("run scripts of {}", names.join(" and ")));
    let (mut rows, mut ran) = (0, 0);
    for work in &inputs.databases {
        for stage in stages.iter().copied() {
            step.progress(format!("{}: {}", work.database, stage.as_str()));
            let order = order(run, instance, work, options);
            let outcome = through(access, &work.database, &|why| step.progress(why), async |session| {
                scripts::run_stage(session, &work.scripts, stage, &order).await.map_err(retryable)
            })
            .await?;
            rows += outcome.rows;
            ran += outcome.ran + outcome.already;
        }
    }
    step.done(format!("{}, {} affected", counted(ran as u64, "script"), counted(rows, "row")));
    Ok(())
}

/// Returns how the scripts of a database run.
pub fn order<'a>(
    run: &'a Run,
    instance: &'a Instance,
    work: &'a DatabaseScripts,
    options: &'a RotateOptions,
) -> StageOptions<'a> {
    StageOptions {
        generation: &instance.name,
        variables: &work.variables,
        contexts: &options.contexts,
        deadline: run.target.deadlines.script,
        check_idempotent: options.check_idempotent,
        inspect: "keep the clone with `--keep-failed`",
        listener: &*run.listener,
    }
}

fn retryable(error: scripts::Error) -> RetryableError {
    if error.is_disconnect() {
        RetryableError::Lost(error.to_string())
    } else {
        RetryableError::Failed(failure_of(error))
    }
}

/// Returns the failure of a stage, with each complaint drawn over its line.
fn failure_of(error: scripts::Error) -> Failure {
    let complaints = error.complaints().to_vec();
    let failure = Failure::from(error);
    if complaints.is_empty() {
        return failure;
    }
    let text: Vec<String> = complaints.iter().map(|complaint| complaint.render(false)).collect();
    let cause = if failure.exit == Exit::Leak { "the scrub did not reach everything" } else { "a script failed" };
    let place = |complaint: &Complaint| FileLocation {
        file: complaint.file.clone(),
        line: complaint.line(),
        title: complaint.title.clone(),
    };
    // The remedy is drawn under the line already.
    Failure {
        places: complaints.iter().map(place).collect(),
        hint: None,
        ..Failure::new(failure.exit, format!("{cause}\n{}", text.join("\n\n")))
    }
}

//! Runs the scripts of one stage.

use std::time::{Duration, Instant};

use super::content;
use super::error::Error;
use super::folder::{Entry, Scripts, Stage};
use super::progress;
use crate::diagnostic::Complaint;
use crate::event::{Event, Listener};
use crate::pg::script::{APPLICATION_NAME, Options, Variables, reset_session, run};
use crate::pg::terminate::terminate_predecessors;
use crate::pg::{self, Session};
use crate::scrub::marker;
use crate::units::counted;

/// How the scripts of one database are run.
#[derive(Clone, Copy)]
pub struct StageOptions<'a> {
    /// Name of the generation. Progress of another one is ignored.
    pub generation: &'a str,
    /// Variables that scripts may use.
    pub variables: &'a Variables,
    /// Selected contexts.
    pub contexts: &'a [String],
    /// Time limit for each file.
    pub deadline: Duration,
    /// Whether each file runs a second time, which must change nothing.
    pub check_idempotent: bool,
    /// How to inspect the rows that a query of [`Stage::Verify`] returns, for its remedy.
    pub inspect: &'a str,
    /// Receives one event for each script.
    pub listener: &'a dyn Listener,
}

/// Outcome of a stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StageOutcome {
    /// Number of scripts that ran.
    pub ran: usize,
    /// Number of scripts that an interrupted run had already committed.
    pub already: usize,
    /// Number of rows that they affected.
    pub rows: u64,
}

/// Runs the scripts of one stage that are not yet recorded in the clone; those of [`Stage::Verify`] always run.
/// The session keeps the scripts' settings, so it must not be used for anything else.
pub async fn run_stage(
    session: &Session,
    scripts: &Scripts,
    stage: Stage,
    options: &StageOptions<'_>,
) -> Result<StageOutcome, Error> {
    if stage == Stage::Verify {
        return verify(session, scripts, options).await;
    }
    reset_session(session, options.variables, options.deadline, false).await?;
    terminate_predecessors(session, APPLICATION_NAME).await?;
    marker::require(session, options.generation).await?;
    let recorded = recorded(scripts, options.contexts);
    let done = progress::done(session, options.generation, &recorded).await?;
    let mut outcome = StageOutcome::default();
    for (position, entry) in recorded.iter().enumerate().filter(|(_, entry)| entry.stage == stage) {
        if position < done {
            outcome.already += 1;
            report(session, options, entry, 0, Duration::ZERO, true);
            continue;
        }
        let closing = progress::record(options.generation, position, entry);
        let script_options = options.script_options(&closing, false);
        let started = Instant::now();
        let ran = run(session, &entry.script, &script_options).await?;
        report(session, options, entry, ran.rows, started.elapsed(), false);
        outcome.ran += 1;
        outcome.rows += ran.rows;
        if options.check_idempotent {
            check_idempotent(session, entry, &script_options).await?;
        }
    }
    Ok(outcome)
}

/// Returns the paths of the scripts that are not recorded in the clone with their current content. An empty list proves
/// that every script is committed.
pub async fn unfinished(
    session: &Session,
    scripts: &Scripts,
    generation: &str,
    contexts: &[String],
) -> pg::Result<Vec<String>> {
    let recorded = recorded(scripts, contexts);
    let is_ours = marker::read_marker(session).await?.is_some_and(|marker| marker.generation == generation);
    let done = if is_ours { progress::done(session, generation, &recorded).await? } else { 0 };
    Ok(recorded[done..].iter().map(|entry| entry.path.clone()).collect())
}

/// Returns the scripts whose progress is recorded: all but verification, which proves something only when it runs.
fn recorded<'a>(scripts: &'a Scripts, contexts: &'a [String]) -> Vec<&'a Entry> {
    scripts.selected(contexts).filter(|entry| entry.stage != Stage::Verify).collect()
}

async fn verify(session: &Session, scripts: &Scripts, options: &StageOptions<'_>) -> Result<StageOutcome, Error> {
    let mut outcome = StageOutcome::default();
    let mut complaints = Vec::new();
    for entry in scripts.selected(options.contexts).filter(|entry| entry.stage == Stage::Verify) {
        let started = Instant::now();
        match run(session, &entry.script, &options.script_options(&[], true)).await {
            Ok(ran) => {
                report(session, options, entry, 0, started.elapsed(), false);
                complaints.extend(violations(entry, &ran.returned, options.inspect));
            }
            Err(error) if error.is_disconnect() => return Err(error.into()),
            Err(error) => complaints.extend(error.complaints),
        }
        outcome.ran += 1;
    }
    if complaints.is_empty() { Ok(outcome) } else { Err(Error::Unverified(complaints)) }
}

/// Returns one complaint for each query that returned rows.
fn violations<'a>(entry: &'a Entry, returned: &'a [u64], inspect: &'a str) -> impl Iterator<Item = Complaint> + 'a {
    let script = &entry.script;
    script.statements().iter().zip(returned).filter(|(_, rows)| **rows > 0).map(move |(statement, rows)| Complaint {
        file: script.name().to_owned(),
        text: script.text().clone(),
        span: statement.span.clone(),
        title: format!("this query must return no row and returned {}", counted(*rows, "row")),
        label: None,
        help: Some(format!("extend the scrub; to inspect the rows, {inspect}")),
    })
}

/// Runs a script a second time. Fails if any table changes.
async fn check_idempotent(session: &Session, entry: &Entry, options: &Options<'_>) -> Result<(), Error> {
    reset_session(session, options.variables, options.deadline, false).await?;
    let before = content::content(session).await?;
    run(session, &entry.script, options).await?;
    reset_session(session, options.variables, options.deadline, false).await?;
    let changed = content::difference(&before, &content::content(session).await?);
    if changed.is_empty() {
        return Ok(());
    }
    Err(Error::NotIdempotent(Box::new(Complaint {
        file: entry.script.name().to_owned(),
        text: entry.script.text().clone(),
        span: entry.script.statements()[0].span.clone(),
        title: format!("running this file a second time changes {}", changed.join(", ")),
        label: None,
        help: Some(
            "use ON CONFLICT, IF NOT EXISTS, or a WHERE that skips finished rows; avoid random() and now()".into(),
        ),
    })))
}

fn report(session: &Session, options: &StageOptions<'_>, entry: &Entry, rows: u64, took: Duration, already: bool) {
    options.listener.on_event(&Event::ScriptRan {
        database: session.database().to_owned(),
        script: entry.path.clone(),
        statements: entry.script.statements().len(),
        rows,
        seconds: took.as_secs_f64(),
        already,
    });
}

impl StageOptions<'_> {
    fn script_options<'b>(&'b self, closing: &'b [String], read_only: bool) -> Options<'b> {
        Options { variables: self.variables, deadline: self.deadline, read_only, closing }
    }
}

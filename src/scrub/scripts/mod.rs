//! Runs the scripts of `postproc-sql`: every file, every time, in order; each in one transaction
//! together with the note that it ran, so that an interrupted run goes on with the next one.

mod content;
mod folder;
mod position;
mod problems;
mod progress;

use std::fmt;
use std::time::{Duration, Instant};

use super::marker;
use crate::diagnostic::Complaint;
use crate::error::{Exit, Failure};
use crate::event::{Event, Listener};
use crate::pg::script::{APPLICATION_NAME, Options, ScriptError, Variables, reset_session, run};
use crate::pg::terminate::terminate_predecessors;
use crate::pg::{self, Session};

pub use folder::{Entry, Scripts, Stage, load};
pub use problems::{Problem, Problems};

/// How the scripts of one database are run.
#[derive(Clone, Copy)]
pub struct Order<'a> {
    /// The generation's name. Progress of another one is not believed.
    pub generation: &'a str,
    /// Values that scripts may use.
    pub variables: &'a Variables,
    /// Contexts that were asked for.
    pub contexts: &'a [String],
    /// Time for each file.
    pub deadline: Duration,
    /// Whether each file is run a second time, which must change nothing.
    pub check_idempotent: bool,
    /// Hears of each script.
    pub listener: &'a dyn Listener,
}

/// What a stage did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Scripts run now.
    pub ran: usize,
    /// Scripts that an interrupted run had already committed.
    pub already: usize,
    /// Rows touched now.
    pub rows: u64,
}

/// Whether a script of this generation was committed already.
///
/// # Errors
/// What the server says.
pub async fn has_begun(session: &Session, generation: &str) -> pg::Result<bool> {
    progress::any(session, generation).await
}

/// Why a stage did not end well.
#[derive(Debug)]
pub enum Error {
    /// A script did not run.
    Script(ScriptError),
    /// Queries of `90-verify` returned rows or could not be run.
    Unverified(Vec<Complaint>),
    /// A script changed something when it ran a second time.
    NotIdempotent(Box<Complaint>),
    /// Looking up or keeping the progress failed.
    Progress(pg::Error),
}

impl Error {
    /// Whether the connection is gone: connect again, prove who answers, and run the stage again.
    pub fn is_disconnect(&self) -> bool {
        match self {
            Error::Script(error) => error.is_disconnect(),
            Error::Progress(error) => error.is_disconnect(),
            Error::Unverified(_) | Error::NotIdempotent(_) => false,
        }
    }

    /// What is wrong and where; none when it is not in a script.
    pub fn complaints(&self) -> &[Complaint] {
        match self {
            Error::Script(error) => &error.complaints,
            Error::Unverified(complaints) => complaints,
            Error::NotIdempotent(complaint) => std::slice::from_ref(complaint),
            Error::Progress(_) => &[],
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Error::Progress(error) = self {
            return write!(f, "the progress of the scripts in devdb_meta: {error}");
        }
        let lines: Vec<String> = self.complaints().iter().map(Complaint::headline).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Error {}

impl From<pg::Error> for Error {
    fn from(error: pg::Error) -> Self {
        Error::Progress(error)
    }
}

impl From<ScriptError> for Error {
    fn from(error: ScriptError) -> Self {
        Error::Script(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let exit = match &error {
            Error::Script(error) if error.cause.is_none() => Exit::Usage,
            Error::Unverified(_) => Exit::Leak,
            Error::NotIdempotent(_) => Exit::Usage,
            Error::Script(_) | Error::Progress(_) => Exit::Unexpected,
        };
        let hint = error.complaints().first().and_then(|complaint| complaint.help.clone());
        let failure = Failure::new(exit, error);
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

/// Runs the scripts of one stage that are not yet in the clone; those of [`Stage::Verify`] always.
/// The session is left in the scripts' settings and is not to be used for anything else.
pub async fn run_stage(
    session: &Session,
    scripts: &Scripts,
    stage: Stage,
    order: &Order<'_>,
) -> Result<Outcome, Error> {
    if stage == Stage::Verify {
        return verify(session, scripts, order).await;
    }
    reset_session(session, order.variables, order.deadline, false).await?;
    terminate_predecessors(session, APPLICATION_NAME).await?;
    marker::claim(session, order.generation).await?;
    let wanted = recorded(scripts, order.contexts);
    let done = progress::done(session, order.generation, &wanted).await?;
    let mut outcome = Outcome::default();
    for (position, entry) in wanted.iter().enumerate().filter(|(_, entry)| entry.stage == stage) {
        if position < done {
            outcome.already += 1;
            tell(session, order, entry, 0, Duration::ZERO, true);
            continue;
        }
        let closing = progress::record(order.generation, position, entry);
        let options = order.options(&closing, false);
        let started = Instant::now();
        let ran = run(session, &entry.script, &options).await?;
        tell(session, order, entry, ran.rows, started.elapsed(), false);
        outcome.ran += 1;
        outcome.rows += ran.rows;
        if order.check_idempotent {
            run_again(session, entry, &options).await?;
        }
    }
    Ok(outcome)
}

/// The scripts that must be recorded in the clone and are not, as they are now. Empty is the proof
/// that every script was committed.
pub async fn unfinished(
    session: &Session,
    scripts: &Scripts,
    generation: &str,
    contexts: &[String],
) -> pg::Result<Vec<String>> {
    let wanted = recorded(scripts, contexts);
    let ours = marker::read_marker(session).await?.is_some_and(|marker| marker.generation == generation);
    let done = if ours { progress::done(session, generation, &wanted).await? } else { 0 };
    Ok(wanted[done..].iter().map(|entry| entry.path.clone()).collect())
}

/// The scripts whose progress is kept: all but verification, which proves something only when it runs.
fn recorded<'a>(scripts: &'a Scripts, contexts: &'a [String]) -> Vec<&'a Entry> {
    scripts.wanted(contexts).filter(|entry| entry.stage != Stage::Verify).collect()
}

async fn verify(session: &Session, scripts: &Scripts, order: &Order<'_>) -> Result<Outcome, Error> {
    let mut outcome = Outcome::default();
    let mut complaints = Vec::new();
    for entry in scripts.wanted(order.contexts).filter(|entry| entry.stage == Stage::Verify) {
        let started = Instant::now();
        match run(session, &entry.script, &order.options(&[], true)).await {
            Ok(ran) => {
                tell(session, order, entry, 0, started.elapsed(), false);
                complaints.extend(violations(entry, &ran.returned));
            }
            Err(error) if error.is_disconnect() => return Err(error.into()),
            Err(error) => complaints.extend(error.complaints),
        }
        outcome.ran += 1;
    }
    if complaints.is_empty() { Ok(outcome) } else { Err(Error::Unverified(complaints)) }
}

fn violations<'a>(entry: &'a Entry, returned: &'a [u64]) -> impl Iterator<Item = Complaint> + 'a {
    let script = &entry.script;
    script.statements().iter().zip(returned).filter(|(_, rows)| **rows > 0).map(move |(statement, rows)| {
        let what = if *rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") };
        Complaint {
            file: script.name().to_owned(),
            text: script.text().clone(),
            span: statement.span.clone(),
            title: format!("this query must return no row and returned {what}"),
            label: None,
            help: Some("extend the scrub; to look at the rows, leave the clone with `--keep-failed`".into()),
        }
    })
}

/// Runs a script a second time and compares all tables.
async fn run_again(session: &Session, entry: &Entry, options: &Options<'_>) -> Result<(), Error> {
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
        help: Some("use ON CONFLICT, IF NOT EXISTS, a WHERE that skips what is done; not random() or now()".into()),
    })))
}

fn tell(session: &Session, order: &Order<'_>, entry: &Entry, rows: u64, took: Duration, already: bool) {
    order.listener.on_event(&Event::ScriptRan {
        database: session.database().to_owned(),
        script: entry.path.clone(),
        statements: entry.script.statements().len(),
        rows,
        seconds: took.as_secs_f64(),
        already,
    });
}

impl<'a> Order<'a> {
    fn options<'b>(&'b self, closing: &'b [String], read_only: bool) -> Options<'b> {
        Options { variables: self.variables, deadline: self.deadline, read_only, closing }
    }
}

//! Runs a script statement by statement.

use std::pin::pin;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::error::SqlState;

use super::error::ScriptError;
use super::file::Script;
use super::settings::{milliseconds, reset_session};
use super::split::Statement;
use super::variables::{Filled, Variables, fill};
use crate::pg::{Error, Result, Session};

/// Options of a run.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// Variables of the script.
    pub variables: &'a Variables,
    /// Time limit for the whole file. Settings of the script do not lift it.
    pub deadline: Duration,
    /// Whether the server refuses writes.
    pub read_only: bool,
    /// Statements to run as the login role after the script, in its transaction if it has one.
    pub closing: &'a [String],
}

/// Result of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ran {
    /// Rows affected.
    pub rows: u64,
    /// Rows returned by each statement, in order.
    pub returned: Vec<u64>,
}

/// Time after the deadline until a connection without an answer is considered lost: a tunnel may stop without closing,
/// and the server ends the statement at its deadline.
const GRACE: Duration = Duration::from_secs(30);

/// Delay of the server's statement timeout behind the deadline; it saves a round trip for each statement.
const LAG: Duration = Duration::from_secs(5);

/// Resets a session and runs a script on it. After an error that is not a disconnect, the session can be used again. If
/// the future is dropped, the session must be dropped too.
///
/// # Errors
/// [`ScriptError`]
pub async fn run(session: &Session, script: &Script, options: &Options<'_>) -> std::result::Result<Ran, ScriptError> {
    let around = |doing: &'static str| move |cause| ScriptError::around(script, doing, cause);
    let filled = fill_all(script, options.variables)?;
    let reset = reset_session(session, options.variables, options.deadline, options.read_only);
    in_time(reset, GRACE).await.map_err(around("applying the settings"))?;
    let result = statements(session, script, &filled, options).await;
    if let Err(error) = &result
        && !error.is_disconnect()
    {
        in_time(session.run("ROLLBACK"), GRACE).await.map_err(around("rolling back the script"))?;
    }
    result
}

fn fill_all(script: &Script, variables: &Variables) -> std::result::Result<Vec<Filled>, ScriptError> {
    let mut filled = Vec::new();
    let mut complaints = Vec::new();
    for statement in script.statements() {
        match fill(script, statement, variables) {
            Ok(statement) => filled.push(statement),
            Err(found) => complaints.extend(found),
        }
    }
    if complaints.is_empty() { Ok(filled) } else { Err(ScriptError::refused(complaints)) }
}

async fn statements(
    session: &Session,
    script: &Script,
    filled: &[Filled],
    options: &Options<'_>,
) -> std::result::Result<Ran, ScriptError> {
    let around = |doing: &'static str| move |cause| ScriptError::around(script, doing, cause);
    let mut clock = Clock::start(options.deadline);
    if script.in_transaction() {
        clock.send(session, "BEGIN").await.map_err(around("beginning the transaction"))?;
    }
    let mut ran = Ran::default();
    for (index, (statement, filled)) in script.statements().iter().zip(filled).enumerate() {
        let answer = clock.send(session, &filled.sql).await;
        let answer = answer.map_err(|cause| ScriptError::at(script, index, filled, cause))?;
        ran.returned.push(answer.returned);
        if !only_reads(statement) {
            ran.rows += answer.rows;
        }
    }
    if !script.in_transaction() {
        refuse_open_transaction(session, script, &mut clock).await?;
    }
    if !options.closing.is_empty() {
        // The script may have changed the role.
        let closing = around("recording the script");
        clock.send(session, "RESET SESSION AUTHORIZATION; RESET ROLE").await.map_err(closing)?;
        for sql in options.closing {
            clock.send(session, sql).await.map_err(around("recording the script"))?;
        }
    }
    if script.in_transaction() {
        clock.send(session, "COMMIT").await.map_err(around("committing, which checks deferred constraints"))?;
    }
    Ok(ran)
}

/// Refuses a file without a transaction that began one and left it open: later statements would be lost with it.
async fn refuse_open_transaction(
    session: &Session,
    script: &Script,
    clock: &mut Clock,
) -> std::result::Result<(), ScriptError> {
    let around = |cause| ScriptError::around(script, "after the last statement", cause);
    // Outside of a transaction block, both times are equal.
    let sql = "SELECT 1 WHERE pg_catalog.transaction_timestamp() <> pg_catalog.statement_timestamp()";
    match clock.send(session, sql).await {
        Ok(answer) if answer.returned == 0 => return Ok(()),
        Ok(_) => {}
        // The transaction has failed.
        Err(error) if error.is_state(&SqlState::IN_FAILED_SQL_TRANSACTION) => {}
        Err(error) => return Err(around(error)),
    }
    in_time(session.run("ROLLBACK"), GRACE).await.map_err(around)?;
    let last = &script.statements()[script.statements().len() - 1];
    let mut complaint = script.complaint(last.span.end..last.span.end, "the file ends inside a transaction");
    complaint.help = Some("end it with COMMIT".into());
    Err(ScriptError::refused(vec![complaint]))
}

/// Whether a statement only reads the rows that it reports.
fn only_reads(statement: &Statement) -> bool {
    let first = statement.words.first().map(String::as_str);
    // `None`: it begins with a parenthesis, as only queries do.
    matches!(first, None | Some("select" | "values" | "table" | "show" | "explain" | "fetch"))
}

struct Answer {
    rows: u64,
    returned: u64,
}

/// Adjusts the server's statement timeout to the deadline.
struct Clock {
    deadline: Duration,
    started: Instant,
    timeout_set: Instant,
}

impl Clock {
    fn start(deadline: Duration) -> Self {
        let now = Instant::now();
        Self { deadline, started: now, timeout_set: now }
    }

    async fn send(&mut self, session: &Session, sql: &str) -> Result<Answer> {
        let left = self.deadline.saturating_sub(self.started.elapsed());
        if self.timeout_set.elapsed() > LAG {
            self.timeout_set = Instant::now();
            let limit = format!("SET statement_timeout = {}", milliseconds(left));
            in_time(session.run(&limit), GRACE).await?;
        }
        in_time(stream(session, sql), left + LAG + GRACE).await
    }
}

/// Sends one statement and discards its rows as they arrive: a script's `SELECT` may return millions.
async fn stream(session: &Session, sql: &str) -> Result<Answer> {
    let failed = |error| Error::of(error, sql);
    let mut messages = pin!(session.simple_query_raw(sql).await.map_err(failed)?);
    let mut answer = Answer { rows: 0, returned: 0 };
    while let Some(message) = messages.try_next().await.map_err(failed)? {
        match message {
            SimpleQueryMessage::Row(_) => answer.returned += 1,
            SimpleQueryMessage::CommandComplete(rows) => answer.rows += rows,
            _ => {}
        }
    }
    Ok(answer)
}

async fn in_time<T>(work: impl Future<Output = Result<T>>, limit: Duration) -> Result<T> {
    tokio::time::timeout(limit, work).await.unwrap_or_else(|_| {
        Err(Error::Connection {
            place: "the server".into(),
            why: format!("no answer within {} seconds", limit.as_secs()),
        })
    })
}

//! Failures of scripts, with their location in the file.

use std::fmt;

use tokio_postgres::error::SqlState;

use super::file::Script;
use super::split::Statement;
use super::variables::Filled;
use super::{header, position};
use crate::diagnostic::Complaint;
use crate::error::{Exit, Failure};
use crate::pg;

/// A failed script. In a transaction, all of it is rolled back; without one (`transaction=none`), the statements before
/// the location took effect.
#[derive(Debug)]
pub struct ScriptError {
    /// What is wrong and where; at least one.
    pub complaints: Vec<Complaint>,
    /// The statement in the file; `None` if nothing was sent.
    pub statement: Option<String>,
    /// The error of the server or the connection; `None` if nothing was sent.
    pub cause: Option<pg::Error>,
}

impl ScriptError {
    /// A script of which nothing was sent.
    pub(super) fn refused(complaints: Vec<Complaint>) -> Self {
        Self { complaints, statement: None, cause: None }
    }

    /// A statement that the server refused, or during which the connection broke.
    pub(super) fn at(script: &Script, index: usize, filled: &Filled, cause: pg::Error) -> Self {
        let statement = &script.statements()[index];
        let span = match &cause {
            pg::Error::Server(error) => position::of(script, statement, filled, error),
            _ => header::first_line(script.text(), &statement.span),
        };
        let first_line = script.complaint(statement.span.clone(), "").line();
        let mut error = Self::with(script, statement, span, cause);
        error.complaints[0].label =
            Some(format!("in statement {} of {}, from line {first_line}", index + 1, script.statements().len()));
        error
    }

    /// A failure around the statements: in the settings before, or the commit after them.
    pub(super) fn around(script: &Script, doing: &str, cause: pg::Error) -> Self {
        let last = script.statements().len() - 1;
        let statement = &script.statements()[last];
        let mut error = Self::with(script, statement, header::first_line(script.text(), &statement.span), cause);
        error.complaints[0].label = Some(doing.to_owned());
        error.statement = None;
        error
    }

    fn with(script: &Script, statement: &Statement, span: std::ops::Range<usize>, cause: pg::Error) -> Self {
        let mut complaint = script.complaint(span, cause.to_string());
        complaint.help = remedy(&cause);
        let statement = script.text()[statement.span.clone()].to_owned();
        Self { complaints: vec![complaint], statement: Some(statement), cause: Some(cause) }
    }

    /// Whether the connection is lost. After connecting again, scripts that are not recorded can be run.
    pub fn is_disconnect(&self) -> bool {
        self.cause.as_ref().is_some_and(|cause| {
            // The FATAL error that ends an idle or cancelled session is not of class 57P.
            let fatal =
                matches!(cause, pg::Error::Server(error) if matches!(error.severity.as_str(), "FATAL" | "PANIC"));
            fatal || cause.is_disconnect()
        })
    }

    /// The SQLSTATE, if the server sent one.
    pub fn sqlstate(&self) -> Option<&str> {
        self.cause.as_ref().and_then(pg::Error::sqlstate)
    }
}

const QUALIFY: &str = "qualify the name, such as app.users: the search path is pg_catalog only";

fn remedy(cause: &pg::Error) -> Option<String> {
    const REMEDIES: [(SqlState, &str); 8] = [
        (SqlState::LOCK_NOT_AVAILABLE, "end the session that holds the lock, or the snapshot's prepared transaction"),
        (SqlState::QUERY_CANCELED, "raise `deadlines: script:`, or split the script into several files"),
        (SqlState::UNDEFINED_TABLE, QUALIFY),
        (SqlState::UNDEFINED_FUNCTION, QUALIFY),
        (SqlState::UNDEFINED_OBJECT, QUALIFY),
        (SqlState::INVALID_SCHEMA_NAME, QUALIFY),
        (SqlState::INSUFFICIENT_PRIVILEGE, "the master user does not own this object: SET ROLE to its owner first"),
        (SqlState::ACTIVE_SQL_TRANSACTION, "put `-- devdb: transaction=none` at the top of the file"),
    ];
    let remedy = REMEDIES.iter().find(|(state, _)| cause.is_state(state));
    remedy.map(|(_, text)| (*text).to_owned()).or_else(|| cause.remedy())
}

/// One line for each complaint: `file:line:column: title`.
impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.complaints.iter().map(Complaint::headline).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for ScriptError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_ref().map(|cause| cause as _)
    }
}

impl From<ScriptError> for Failure {
    fn from(error: ScriptError) -> Self {
        let exit = if error.cause.is_none() { Exit::Usage } else { Exit::Unexpected };
        let hint = error.complaints.first().and_then(|complaint| complaint.help.clone());
        let failure = Failure::new(exit, error);
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

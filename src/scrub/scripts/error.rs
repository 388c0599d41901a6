//! Errors of a stage.

use std::fmt;

use crate::diagnostic::Complaint;
use crate::error::{Exit, Failure};
use crate::pg;
use crate::pg::script::ScriptError;

/// Why a stage failed.
#[derive(Debug)]
pub enum Error {
    /// A script could not be run.
    Script(ScriptError),
    /// Queries of `90-verify` returned rows or could not be run.
    Unverified(Vec<Complaint>),
    /// A script changed something when it ran a second time.
    NotIdempotent(Box<Complaint>),
    /// The progress in `devdb_meta` could not be read or written.
    Progress(pg::Error),
}

impl Error {
    /// Whether the connection was lost: reconnect, verify the server's identity, and run the stage again.
    pub fn is_disconnect(&self) -> bool {
        match self {
            Error::Script(error) => error.is_disconnect(),
            Error::Progress(error) => error.is_disconnect(),
            Error::Unverified(_) | Error::NotIdempotent(_) => false,
        }
    }

    /// Returns what is wrong and where; empty if the cause is not in a script.
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
            return write!(f, "the progress of the scripts could not be read or written in devdb_meta: {error}");
        }
        let lines: Vec<String> = self.complaints().iter().map(Complaint::headline).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Script(error) => error.source(),
            Error::Progress(error) => Some(error),
            Error::Unverified(_) | Error::NotIdempotent(_) => None,
        }
    }
}

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

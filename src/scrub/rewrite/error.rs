//! Why tables were not masked.

use std::fmt;

use super::disk_space::Need;
use crate::error::{Exit, Failure};
use crate::pg;

/// Why tables were not masked. None of them shows an expression or a value.
#[derive(Debug)]
pub enum Error {
    /// It cannot be done, and nothing was changed: one sentence for each reason.
    Refused(Vec<String>),
    /// The disk would run full.
    Room {
        /// What it takes.
        need: Need,
        /// Bytes free.
        free: u64,
    },
    /// The clone is half masked by other rules, another key, for other tables or as another generation.
    OtherRecipe,
    /// A table's new values break one of its constraints, or the server refused to rewrite it.
    Table {
        /// The table.
        table: String,
        /// What the server said.
        cause: pg::Error,
    },
    /// What was taken down could not be put back.
    PutBack {
        /// What it is.
        what: String,
        /// What the server said.
        cause: pg::Error,
    },
    /// The schema is not what it was: one line for each difference.
    Changed(Vec<String>),
    /// Looking, or keeping the progress, failed.
    Server(pg::Error),
}

impl Error {
    /// Whether the connection is gone: connect again, prove who answers, and call again.
    pub fn is_disconnect(&self) -> bool {
        match self {
            Error::Table { cause, .. } | Error::PutBack { cause, .. } | Error::Server(cause) => cause.is_disconnect(),
            _ => false,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Refused(reasons) => write!(f, "tables cannot be masked:\n- {}", reasons.join("\n- ")),
            Error::Room { need, free } => {
                write!(f, "masking needs {need}, and {} are free", super::disk_space::shown(*free))
            }
            Error::OtherRecipe => f.write_str(
                "it was begun with other rules, another key, other tables or another name, and cannot be gone on with",
            ),
            Error::Table { table, cause } => write!(f, "{table} could not be masked: {cause}"),
            Error::PutBack { what, cause } => write!(f, "{what} could not be put back: {cause}"),
            Error::Changed(lines) => write!(f, "the schema is not what it was before:\n{}", lines.join("\n")),
            Error::Server(cause) => write!(f, "masking failed: {cause}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<pg::Error> for Error {
    fn from(error: pg::Error) -> Self {
        Error::Server(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let (exit, hint) = match &error {
            Error::Refused(_) => (Exit::Refused, None),
            Error::Room { .. } => (Exit::Refused, Some("give the instance a larger disk, or lower `mask.jobs`")),
            Error::OtherRecipe => {
                (Exit::Refused, Some("begin again from a fresh copy: a value that is masked twice fits no other table"))
            }
            Error::PutBack { what, .. } if what.starts_with("foreign key") => {
                (Exit::Usage, Some("mask both sides of the key by the same rule, or configure neither"))
            }
            _ => (Exit::Unexpected, None),
        };
        let failure = Failure::new(exit, error);
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

//! Errors of a rewrite.

use std::fmt;

use super::disk_need::{DiskNeed, shown};
use crate::error::{Exit, Failure};
use crate::pg;

/// Result of a rewrite.
pub type Result<T> = std::result::Result<T, Error>;

/// Why tables were not masked. No variant contains an expression or a value.
#[derive(Debug)]
pub enum Error {
    /// Tables cannot be masked, and nothing was changed: one sentence for each reason.
    Refused(Vec<String>),
    /// The disk would run full.
    DiskSpace {
        /// Space that masking needs.
        need: DiskNeed,
        /// Free bytes.
        free: u64,
    },
    /// A rewrite was begun with other rules, another key, other tables or by another version of devdb.
    DifferentRecipe,
    /// A table's new values violate one of its constraints, or the server refused to rewrite it.
    Table {
        /// The table.
        table: String,
        /// Error of the server.
        cause: pg::Error,
    },
    /// An obstacle could not be recreated.
    Restore {
        /// Kind and name of the obstacle.
        obstacle: String,
        /// Error of the server.
        cause: pg::Error,
    },
    /// The schema differs from what it was before: one line for each difference.
    Changed(Vec<String>),
    /// Reading the catalog or recording the progress failed.
    Server(pg::Error),
}

impl Error {
    /// Whether the connection was lost: reconnect, verify the server's identity, and call again.
    pub fn is_disconnect(&self) -> bool {
        match self {
            Error::Table { cause, .. } | Error::Restore { cause, .. } | Error::Server(cause) => cause.is_disconnect(),
            _ => false,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Refused(reasons) => write!(f, "tables cannot be masked:\n- {}", reasons.join("\n- ")),
            Error::DiskSpace { need, free } => {
                write!(f, "masking needs {need} of disk space, but only {} are free", shown(*free))
            }
            Error::DifferentRecipe => {
                f.write_str("masking was begun with other rules, another key or other tables, and cannot be resumed")
            }
            Error::Table { table, cause } => write!(f, "{table} could not be masked: {cause}"),
            Error::Restore { obstacle, cause } => write!(f, "{obstacle} could not be recreated: {cause}"),
            Error::Changed(lines) => write!(f, "the schema differs from what it was before:\n{}", lines.join("\n")),
            Error::Server(cause) => write!(f, "masking failed: {cause}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Table { cause, .. } | Error::Restore { cause, .. } | Error::Server(cause) => Some(cause),
            Error::Refused(_) | Error::DiskSpace { .. } | Error::DifferentRecipe | Error::Changed(_) => None,
        }
    }
}

impl From<pg::Error> for Error {
    fn from(error: pg::Error) -> Self {
        Error::Server(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        if let Error::Table { cause, .. } | Error::Restore { cause, .. } | Error::Server(cause) = &error
            && let Some(remedy) = cause.remedy()
        {
            return Failure::new(Exit::Unexpected, error).hint(remedy);
        }
        let (exit, hint) = match &error {
            Error::Refused(_) => (Exit::Refused, None),
            Error::DiskSpace { .. } => (Exit::Refused, Some("give the instance a larger disk, or lower `mask.jobs`")),
            Error::DifferentRecipe => (
                Exit::Refused,
                Some(
                    "undo the change of the masks and run again, or start from a fresh copy: a value that is masked \
                     twice matches no other table",
                ),
            ),
            Error::Restore { obstacle, .. } if obstacle.starts_with("foreign key") => {
                (Exit::Usage, Some("mask both sides of the key by the same rule, or neither"))
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

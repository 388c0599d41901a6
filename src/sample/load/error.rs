//! What keeps a sample from being written.

use std::path::{Path, PathBuf};

use crate::docker;
use crate::error::{Exit, Failure};
use crate::pg;

use super::Refusal;

/// Result of the writing half.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a sample was not written. What it was to be written to is as it was.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The source or the target said no, or is gone.
    #[error(transparent)]
    Pg(#[from] pg::Error),
    /// The target must not be written to.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A statement of the schema failed on the target.
    #[error("the target refused `{statement}`: {error}")]
    Statement {
        /// Its first words.
        statement: String,
        /// What the server said.
        error: pg::Error,
        /// What may explain it: extensions that the target lacks.
        lacking: Vec<String>,
    },
    /// The rows of a table did not go in.
    #[error("copying {table} failed: {error}")]
    Copy {
        /// The table.
        table: String,
        /// What a server said.
        error: pg::Error,
    },
    /// Rows point to rows that are not there.
    #[error("foreign key {constraint} of {table} is broken: {rows} of the loaded rows point to no row of {to}")]
    Dangling {
        /// The constraint.
        constraint: String,
        /// The table that has it.
        table: String,
        /// The table it points to.
        to: String,
        /// How many rows.
        rows: i64,
    },
    /// What `pg_dump` wrote could not be read.
    #[error("the source's schema cannot be read: {0}")]
    Schema(String),
    /// Something differs from what the sample says of itself.
    #[error("{what}: expected {expected}, found {found}")]
    Differs {
        /// What was compared.
        what: String,
        /// What it should be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// An archive that is not whole, or not one.
    #[error("{}: {why}", path.display())]
    Archive {
        /// The archive, or the file in it.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// A file could not be read or written.
    #[error("{}: {why}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The container engine or a registry said no.
    #[error(transparent)]
    Engine(#[from] docker::Error),
    /// What was there before could not be put back.
    #[error("{target} has the sample now, and what it had is in the database {old}: {why}")]
    Kept {
        /// `host:port/database`.
        target: String,
        /// The database that holds it.
        old: String,
        /// Why.
        why: String,
    },
    /// Somebody else's locks were not let go of.
    #[error("waited {} seconds in vain for a lock on a table; locks are held on {holders}", super::locks::PATIENCE)]
    Locked {
        /// Tables, and who holds locks on them.
        holders: String,
    },
    /// The run was told to stop.
    #[error("interrupted")]
    Interrupted,
}

impl Error {
    /// A file that could not be read or written.
    pub fn io(path: &Path, error: &std::io::Error) -> Error {
        Error::File { path: path.to_owned(), why: error.to_string() }
    }

    /// The SQLSTATE, when a server sent one.
    pub(super) fn sqlstate(&self) -> Option<&str> {
        match self {
            Error::Pg(error) | Error::Statement { error, .. } | Error::Copy { error, .. } => error.sqlstate(),
            _ => None,
        }
    }

    /// The remedy, where there is a known one.
    pub fn hint(&self) -> Option<String> {
        match self {
            Error::Refused(refusal) => Some(refusal.remedy()),
            Error::Statement { lacking, .. } if !lacking.is_empty() => {
                Some(format!("install on the target's server: {}", lacking.join(", ")))
            }
            Error::Pg(error) if error.sqlstate() == Some("55006") => {
                Some("somebody with more rights is connected to the database: have them leave, and load again".into())
            }
            Error::Locked { .. } => {
                Some("wait until they are done, or end them: SELECT pg_terminate_backend(pid); then load again".into())
            }
            Error::Kept { old, .. } => Some(format!("look at {old}, which no load drops, and rename it back")),
            Error::Archive { .. } => Some("make or fetch the archive again".into()),
            Error::Engine(error) => error.hint(),
            _ => None,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        let exit = match &error {
            Error::Refused(_) => Exit::Refused,
            Error::Interrupted => Exit::Interrupted,
            _ => Exit::Unexpected,
        };
        let hint = error.hint();
        let failure = Failure::new(exit, error);
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

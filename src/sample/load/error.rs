//! Errors of writing a sample.

use std::path::{Path, PathBuf};

use tokio_postgres::error::SqlState;

use super::refusal::Refusal;
use crate::docker;
use crate::error::{Exit, Failure};
use crate::pg;
use crate::units::counted;

/// The result of writing a sample.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a sample was not written. Its destination is unchanged.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A call to the source or the target failed.
    #[error(transparent)]
    Pg(#[from] pg::Error),
    /// The destination cannot be reached, or refuses the login.
    #[error("the destination {target}: {error}")]
    Connect {
        /// `host:port/database`.
        target: String,
        /// The error.
        error: pg::Error,
    },
    /// A precondition is not met.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A statement of the schema failed on the target.
    #[error("the target rejected `{statement}`: {error}")]
    Statement {
        /// The first words of the statement.
        statement: String,
        /// The server's error.
        error: pg::Error,
        /// The extensions that the target does not have, which may be the cause.
        missing_extensions: Vec<String>,
    },
    /// The rows of a table could not be copied.
    #[error("copying {table} failed: {error}")]
    Copy {
        /// The table.
        table: String,
        /// The server's error.
        error: pg::Error,
    },
    /// Rows reference rows that do not exist.
    #[error("foreign key {constraint} of {table} is violated: {} without a row in {to}", counted(*rows, "loaded row"))]
    ForeignKeyViolated {
        /// The constraint.
        constraint: String,
        /// The referencing table.
        table: String,
        /// The referenced table.
        to: String,
        /// The number of rows without a referenced row.
        rows: u64,
    },
    /// The output of `pg_dump` could not be parsed.
    #[error("the source's schema cannot be read: {0}")]
    Schema(String),
    /// A property differs from what was expected.
    #[error("{what}: expected {expected}, found {found}")]
    Mismatch {
        /// The property.
        what: String,
        /// The expected value.
        expected: String,
        /// The value found.
        found: String,
    },
    /// An archive is damaged, incomplete or not an archive.
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
    /// `TMPDIR` is set to something that is not a directory.
    #[error("TMPDIR is {}, which is not a directory", path.display())]
    TemporaryDirectory {
        /// Its value.
        path: PathBuf,
    },
    /// The container engine or a registry failed.
    #[error(transparent)]
    Engine(#[from] docker::Error),
    /// The previous database could not be renamed back.
    #[error("{target} has the sample now, but its previous content could not be restored and is database {old}: {why}")]
    NotRestored {
        /// `host:port/database`.
        target: String,
        /// The database with the previous content.
        old: String,
        /// Why.
        why: String,
    },
    /// Another session held a lock for too long.
    #[error("no lock on a table within {seconds} s: locks are held on {holders}")]
    Locked {
        /// The timeout in seconds.
        seconds: u32,
        /// Tables and the sessions that hold locks on them.
        holders: String,
    },
    /// The run was interrupted.
    #[error("interrupted")]
    Interrupted,
}

impl Error {
    /// Returns the error of a file that could not be read or written.
    pub fn io(path: &Path, error: &std::io::Error) -> Error {
        Error::File { path: path.to_owned(), why: error.to_string() }
    }

    /// Whether a server sent this SQLSTATE.
    pub(super) fn is_state(&self, state: &SqlState) -> bool {
        self.pg().is_some_and(|error| error.is_state(state))
    }

    /// Whether a server ran out of locks, memory, disk space or another resource: class 53.
    pub(super) fn is_out_of_resources(&self) -> bool {
        self.pg().and_then(pg::Error::sqlstate).is_some_and(|code| code.starts_with("53"))
    }

    fn pg(&self) -> Option<&pg::Error> {
        match self {
            Error::Pg(error)
            | Error::Connect { error, .. }
            | Error::Statement { error, .. }
            | Error::Copy { error, .. } => Some(error),
            _ => None,
        }
    }

    /// Returns the remedy, if there is one.
    pub fn hint(&self) -> Option<String> {
        match self {
            Error::Refused(refusal) => Some(refusal.remedy()),
            Error::Statement { missing_extensions, .. } if !missing_extensions.is_empty() => {
                Some(format!("install on the target's server: {}", missing_extensions.join(", ")))
            }
            Error::Pg(error) if error.is_state(&SqlState::OBJECT_IN_USE) => {
                Some("a session with more privileges is connected to the database: end it, then load again".into())
            }
            Error::Locked { .. } => {
                Some("wait for these sessions, or end them: SELECT pg_terminate_backend(pid); then load again".into())
            }
            Error::NotRestored { old, .. } => Some(format!("inspect {old}, which no load drops, and rename it back")),
            Error::Archive { .. } => {
                Some("check the path; if it is right, create or download the archive again".into())
            }
            Error::TemporaryDirectory { .. } => Some("correct TMPDIR, or unset it".into()),
            Error::Engine(error) => error.hint(),
            Error::Pg(error) | Error::Statement { error, .. } | Error::Copy { error, .. } => error.remedy(),
            _ => None,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        if let Error::Connect { target, error } = error {
            let failure = error.into_refusal("the user in the destination's URL and the password in PGPASSWORD");
            return failure.during(format!("connect to the destination {target}"));
        }
        let exit = match &error {
            Error::Refused(_) | Error::Archive { .. } => Exit::Refused,
            Error::Interrupted => Exit::Interrupted,
            Error::Engine(docker::Error::Config { .. }) | Error::TemporaryDirectory { .. } => Exit::Usage,
            Error::Engine(docker::Error::Unreachable { .. }) => Exit::Refused,
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

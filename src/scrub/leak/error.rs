//! Why the check could not be made. None of these holds a value, or anything made of the key.

use crate::error::{Exit, Failure};
use crate::pg;

/// Why originals could not be remembered, or not be searched for.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server refused something, or the connection is gone.
    #[error("{place}: {source}")]
    Server {
        /// What was being read or written.
        place: String,
        /// What the server said.
        source: pg::Error,
    },
    /// A table, a large object or a statistics entry that we may not read, not even as its owner.
    #[error("{place} cannot be read, so it is not proven to be free of originals")]
    Unreadable {
        /// Which.
        place: String,
    },
    /// Tables of which the session cannot read all rows, not even as their owners.
    #[error("{role} cannot read all rows of {}, so they cannot be proven free of originals", tables.join(", "))]
    Denied {
        /// The session's role.
        role: String,
        /// Names of the tables.
        tables: Vec<String>,
        /// Statements that a superuser of the source can run.
        grants: Vec<String>,
    },
    /// A column to remember is not in the database, or of a kind that holds no rows.
    #[error("no fingerprints can be captured of {column}: it is not a column of an ordinary or partitioned table")]
    NoColumn {
        /// `schema.table.column`.
        column: String,
    },
    /// A column was added to the list after its table had been remembered, and may be masked by now.
    #[error("the fingerprints of {column} were not captured with the rest of its table, which may be masked by now")]
    Late {
        /// `schema.table.column`.
        column: String,
    },
    /// Nothing was remembered in this database, or not to the end.
    #[error(
        "the fingerprints of the originals were not completely captured before masking, so the search proves nothing"
    )]
    NotRemembered,
    /// Fingerprints are missing: a crash of the server empties the table they are in.
    #[error(
        "fingerprints of {column} are missing (a crash of the server empties their table), so the search proves nothing"
    )]
    Vanished {
        /// `schema.table.column`.
        column: String,
    },
    /// The fingerprints were made with another key.
    #[error("the fingerprints were captured with another mask key, so the search proves nothing")]
    OtherKey,
    /// What the server sent is not what was asked for.
    #[error("{place}: the server's response cannot be parsed")]
    Garbled {
        /// What was being read.
        place: String,
    },
}

impl Error {
    /// Whether the connection is gone: connect again, prove who answers, and call again.
    pub fn is_disconnect(&self) -> bool {
        matches!(self, Error::Server { source, .. } if source.is_disconnect())
    }

    /// Whether the server denied a permission.
    pub(super) fn is_permission_denied(&self) -> bool {
        matches!(self, Error::Server { source, .. } if source.is_permission_denied())
    }

    /// The error of reading a place.
    pub(super) fn of(self, place: &str) -> Error {
        match self {
            Error::Server { source, .. } if source.is_permission_denied() => Error::Unreadable { place: place.into() },
            Error::Server { source, .. } => Error::Server { place: place.into(), source },
            other => other,
        }
    }

    pub(super) fn at(place: impl Into<String>) -> impl FnOnce(pg::Error) -> Error {
        let place = place.into();
        move |source| Error::Server { place, source }
    }
}

impl From<pg::Error> for Error {
    fn from(source: pg::Error) -> Self {
        Error::Server { place: "the leak check".into(), source }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let (exit, hint) = match &error {
            Error::Server { .. } | Error::Garbled { .. } => (Exit::Unexpected, None),
            Error::Unreadable { .. } => {
                (Exit::Leak, Some("make the master user a member of its owner's role".to_owned()))
            }
            Error::Denied { grants, .. } => {
                let hint = "run in production, as a superuser or the owner";
                (Exit::Leak, Some(format!("{hint}, and take a new snapshot: {}", grants.join(" "))))
            }
            Error::NoColumn { .. } => (Exit::Usage, Some("correct its name under `mask.rules`".to_owned())),
            Error::Late { .. } | Error::NotRemembered | Error::Vanished { .. } | Error::OtherKey => {
                (Exit::Leak, Some("start again from a fresh clone: this one no longer has its originals".to_owned()))
            }
        };
        let failure = Failure::new(exit, error);
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

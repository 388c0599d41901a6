//! What can go wrong with a platform, and what each kind means to the caller.

use std::path::PathBuf;

use crate::error::{Exit, Failure};

use super::guard::Refusal;

/// Result of a platform call.
pub type Result<T> = std::result::Result<T, Error>;

/// A platform call that failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The platform answered with an error.
    #[error("{call} of {subject} answered {code}: {message}")]
    Api {
        /// The call, in the platform's own name for it.
        call: &'static str,
        /// What it was about.
        subject: String,
        /// The platform's error code.
        code: String,
        /// The platform's words.
        message: String,
    },
    /// The instance is busy with something else; the same call may succeed later.
    #[error("{subject} cannot take {call} now: {message}")]
    Busy {
        /// The call.
        call: &'static str,
        /// What it was about.
        subject: String,
        /// The platform's words.
        message: String,
    },
    /// An instance of that name exists, and this run did not make it.
    #[error("an instance named {name} already exists and was not made by this run")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// The credentials ended or do not suffice.
    #[error("{call} was not allowed: {message}")]
    Denied {
        /// The call.
        call: &'static str,
        /// The platform's words.
        message: String,
    },
    /// The record is not what it was when it was read.
    #[error("the record {name} was changed by somebody else: it no longer holds {expected}")]
    RecordChanged {
        /// The record's name.
        name: String,
        /// What we read before.
        expected: String,
    },
    /// The guard did not let the call through.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A write was tried in a dry run: a bug, since a dry run stops at its plan.
    #[error("{call} is a write, and this is a dry run")]
    ReadOnly {
        /// The call.
        call: &'static str,
    },
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Anything else the local platform ran into.
    #[error("{0}")]
    Local(String),
}

impl Error {
    /// Wraps an I/O error with its path.
    pub fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.into();
        move |source| Error::Io { path, source }
    }

    fn remedy(&self) -> Option<String> {
        Some(match self {
            Error::Denied { .. } => {
                "compare the role's permissions with `devdb policy`; if the credentials expired, set \
                 `role:` so that devdb renews them itself"
                    .into()
            }
            Error::RecordChanged { .. } => "look who else writes this record, then run again".into(),
            Error::NameTaken { .. } => "run again: the name is made from the time".into(),
            Error::Busy { .. } => "run again when the instance is available".into(),
            Error::Refused(refusal) => refusal.remedy(),
            Error::Api { .. } | Error::ReadOnly { .. } | Error::Io { .. } | Error::Local(_) => return None,
        })
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let remedy = error.remedy();
        let failure = Failure::new(Exit::Unexpected, error);
        match remedy {
            Some(remedy) => failure.hint(remedy),
            None => failure,
        }
    }
}

//! Errors of platform calls, by what they mean to the caller.

use std::path::PathBuf;

use crate::error::{Exit, Failure};

use super::guard::Refusal;

/// Result of a platform call.
pub type Result<T> = std::result::Result<T, Error>;

/// A platform call that failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The platform returned an error.
    #[error("{call} of {subject} failed with {code}: {message}")]
    Api {
        /// API operation.
        call: &'static str,
        /// Resource that the call was about.
        subject: String,
        /// Error code of the platform.
        code: String,
        /// Error message of the platform.
        message: String,
    },
    /// The instance is busy; the same call may succeed later.
    #[error("{subject} is busy and does not accept {call}: {message}")]
    Busy {
        /// API operation.
        call: &'static str,
        /// Resource that the call was about.
        subject: String,
        /// Error message of the platform.
        message: String,
    },
    /// An instance of that name exists, and another run created it.
    #[error("an instance named {name} already exists and was not created by this run")]
    NameTaken {
        /// Name of the instance.
        name: String,
    },
    /// The credentials are missing, have expired, or lack a permission.
    #[error("{call} was not allowed: {message}")]
    Denied {
        /// API operation.
        call: &'static str,
        /// Error message of the platform.
        message: String,
    },
    /// The record changed after it was read.
    #[error("the record {name} was changed concurrently: it no longer holds {expected}")]
    RecordChanged {
        /// Name of the record.
        name: String,
        /// What it held when it was read.
        expected: String,
    },
    /// The guard refused the instance.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A write was attempted in a dry run: a bug, since a dry run ends with its plan.
    #[error("{call} is a write and not available in a dry run")]
    ReadOnly {
        /// Name of the trait method.
        call: &'static str,
    },
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// Path of the file.
        path: PathBuf,
        /// Error of the operating system.
        source: std::io::Error,
    },
    /// Any other error of the local platform.
    #[error("{0}")]
    Local(String),
}

impl Error {
    /// Wraps an I/O error with its path.
    pub fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.into();
        move |source| Error::Io { path, source }
    }

    /// Wraps an error of PostgreSQL's programs on this machine.
    pub fn local(error: crate::pg::Error) -> Error {
        Error::Local(error.to_string())
    }

    fn remedy(&self) -> Option<String> {
        Some(match self {
            Error::Denied { .. } => {
                "compare the role's permissions with `devdb policy`; if the credentials expired, set `role:` so that \
                 devdb renews them"
                    .into()
            }
            Error::RecordChanged { .. } => "find out what else writes this record, then run again".into(),
            Error::NameTaken { .. } => "run again: the name is derived from the current time".into(),
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

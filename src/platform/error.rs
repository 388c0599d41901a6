//! Errors of platform calls, by what they mean to the caller.

use std::io::ErrorKind;
use std::path::PathBuf;

use crate::error::{Exit, Failure};
use crate::units::size;

use super::guard::Refusal;
use super::record::{Record, RecordState};

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
        /// The remedy, where the code has one.
        remedy: Option<&'static str>,
    },
    /// No response, an error of the service, or throttling: whether the call took effect is unknown, and the same call
    /// may succeed later.
    #[error("{call} of {subject} failed with {code}: {message}")]
    Outage {
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
    /// A disk of this machine is full, or would be.
    #[error("no space left on the disk of {place}: {need}{} free", size(*free))]
    DiskFull {
        /// Path of a file or directory on the disk.
        place: PathBuf,
        /// What is needed, ending in a comma and a space; empty if not known.
        need: String,
        /// Bytes that are free.
        free: u64,
    },
    /// The root directory of the local platform cannot be used.
    #[error("the root directory {path} cannot be used: {source}")]
    Root {
        /// Its path.
        path: PathBuf,
        /// Error of the operating system.
        source: std::io::Error,
    },
    /// A file could not be read or written.
    #[error("{path}: {source}")]
    Io {
        /// Path of the file.
        path: PathBuf,
        /// Error of the operating system.
        source: std::io::Error,
    },
    /// Programs of PostgreSQL on this machine are missing, or failed.
    #[error(transparent)]
    Programs(crate::pg::Error),
    /// Any other error of the local platform.
    #[error("{0}")]
    Local(String),
}

impl Error {
    /// Wraps an I/O error with its path.
    pub fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Error {
        let path: PathBuf = path.into();
        move |source| match source.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Error::disk_full(path),
            _ => Error::Io { path, source },
        }
    }

    /// Returns the error for a full disk, of which `place` is a path.
    pub fn disk_full(place: impl Into<PathBuf>) -> Error {
        let place: PathBuf = place.into();
        let free = place.ancestors().find_map(free_space).unwrap_or_default();
        let full = place.ancestors().find_map(lacks_inodes).unwrap_or_default();
        let need = if full { "no file can be created, ".to_owned() } else { String::new() };
        Error::DiskFull { place, need, free }
    }

    /// Returns the error for a record that no longer is as it was read.
    pub fn record_changed(name: &str, read: &RecordState) -> Error {
        let expected = match read {
            RecordState::Absent => "nothing".to_owned(),
            RecordState::Present(Record { value, ttl: 0 }) => value.clone(),
            RecordState::Present(Record { value, ttl }) => format!("{value} with a TTL of {ttl} s"),
            RecordState::Foreign(reason) => reason.clone(),
        };
        Error::RecordChanged { name: name.to_owned(), expected }
    }

    /// Returns the remedy, where one is known, as a clause after the message.
    pub fn with_remedy(&self) -> String {
        self.remedy().map_or_else(|| self.to_string(), |remedy| format!("{self}; {remedy}"))
    }

    /// Whether the same call may succeed later.
    pub fn is_transient(&self) -> bool {
        matches!(self, Error::Busy { .. } | Error::Outage { .. })
    }

    /// Whether the state of the platform is unknown because of this error: there was no answer, or a read was rejected.
    /// Nothing is ever deleted because of such an error.
    pub fn hides_state(&self) -> bool {
        // AWS names every operation that only reads in one of these ways.
        let reads = |call: &str| ["Describe", "Get", "List"].iter().any(|verb| call.starts_with(verb));
        match self {
            Error::Outage { .. } => true,
            Error::Api { call, .. } | Error::Denied { call, .. } => reads(call),
            _ => false,
        }
    }

    /// Returns the remedy, where one is known.
    pub fn remedy(&self) -> Option<String> {
        Some(match self {
            Error::Denied { .. } => {
                "compare the role's permissions with `devdb policy`; if the credentials expired, set `role:` so that \
                 devdb renews them"
                    .into()
            }
            Error::RecordChanged { .. } => "find out what else writes this record, then run again".into(),
            Error::NameTaken { .. } => "run again: the name is derived from the current time".into(),
            Error::Outage { .. } => {
                "check the network and https://health.aws.amazon.com, then run again; `devdb status` shows what is there"
                    .into()
            }
            Error::Busy { .. } => "run again when the instance is available".into(),
            Error::Refused(refusal) => refusal.remedy(),
            Error::DiskFull { .. } => {
                "free space there, or move `root` to a larger disk: `devdb cleanup` removes abandoned \
                                       clones, and a lower `generation.keep` leaves fewer replaced generations"
                    .into()
            }
            Error::Root { .. } => "create it, or correct `root` of the target's platform".into(),
            Error::Programs(error) => return error.remedy(),
            Error::Api { remedy, .. } => return remedy.map(str::to_owned),
            Error::ReadOnly { .. } | Error::Io { .. } | Error::Local(_) => return None,
        })
    }
}

/// Returns the bytes that are free for users other than root, such as the server's, on the disk of a path.
pub fn free_space(path: &std::path::Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(path).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Returns whether no file can be created on the disk of a path, whatever is free.
pub fn lacks_inodes(path: &std::path::Path) -> Option<bool> {
    let disk = rustix::fs::statvfs(path).ok()?;
    // A file system without a fixed number of inodes reports none at all.
    Some(disk.f_files > 0 && disk.f_favail == 0)
}

/// Returns the remedy for a status from which an instance never becomes available, where there is one.
pub fn status_remedy(status: &str) -> Option<&'static str> {
    Some(match status {
        "insufficient-capacity" => {
            "AWS has no free capacity of this class now: run again later, or choose another `class`"
        }
        "inaccessible-encryption-credentials" | "inaccessible-encryption-credentials-recoverable" => {
            "enable the snapshot's KMS key, and allow this role kms:CreateGrant and kms:DescribeKey in the key's policy"
        }
        "incompatible-parameters" => {
            "compare the parameter group with the source's: a server does not start with less than its data uses"
        }
        "incompatible-network" => "check that the subnet group's subnets exist and have free addresses",
        "storage-full" => "set a larger `storage`",
        "restore-error" | "incompatible-restore" => "pass another --snapshot; if none can be restored, ask AWS",
        _ => return None,
    })
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

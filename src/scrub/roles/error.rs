//! Errors of roles.

use crate::error::{Exit, Failure};
use crate::pg::{self, identifier};

/// Why a role could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A role's password could not be set.
    #[error("the password of the role {role} could not be set: {source}")]
    Password {
        /// The role.
        role: String,
        /// Error of the server.
        source: pg::Error,
    },
    /// A role that may log in does not exist.
    #[error("the role {role} does not exist in the snapshot, but `roles.allow` lists it")]
    Missing {
        /// The role.
        role: String,
    },
    /// A configured role could not be created or granted what it should have.
    #[error("the role {role} could not be granted {what}: {source}")]
    Ensure {
        /// The role.
        role: String,
        /// What it should be granted.
        what: String,
        /// Error of the server.
        source: pg::Error,
    },
    /// A configured login role exists without the right to log in.
    #[error("the role {role} is configured to log in, but the snapshot contains it with NOLOGIN")]
    CannotLogIn {
        /// The role.
        role: String,
    },
    /// An entry of `grants` is more than the middle of one `GRANT`.
    #[error("the grant {entry:?} of the role {role} is not the middle of one GRANT statement")]
    Entry {
        /// The role.
        role: String,
        /// The entry.
        entry: String,
    },
    /// Another error of the server.
    #[error("{0}")]
    Server(#[from] pg::Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let hint = match &error {
            Error::Password { role, .. } => Some(format!(
                "on PostgreSQL 16 and newer the master user needs ADMIN OPTION: run on production, as a superuser or the \
                 role's creator, GRANT {} TO <master user> WITH ADMIN OPTION; or remove the role from `roles.allow`",
                identifier(role)
            )),
            Error::Missing { .. } => {
                Some("correct its name, remove it, or list it under `roles.ensure`, which creates it".into())
            }
            Error::Ensure { .. } => {
                Some("grant it in a script of 00-secure as the object's owner, or correct `roles.ensure`".into())
            }
            Error::CannotLogIn { .. } => Some("choose another name under `roles.ensure`".into()),
            Error::Entry { .. } => Some("write, for example, SELECT ON ALL TABLES IN SCHEMA app".into()),
            Error::Server(_) => None,
        };
        let failure = Failure::new(Exit::Unexpected, error);
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

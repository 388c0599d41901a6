//! Preconditions of a load that are not met, with their remedies. All of them are checked before the first write.

use crate::pg::identifier;

/// Why a target is refused. `target` is always `host:port/database`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The target is not in `sample.targets`.
    #[error("{target} is not in `sample.targets`")]
    NotAllowed {
        /// The target.
        target: String,
    },
    /// The target's host is production's.
    #[error("{target} is on {production}, which is production")]
    Production {
        /// The target.
        target: String,
        /// The host or instance of production that matches.
        production: String,
    },
    /// The target is the database that the rows are read from.
    #[error("{target} is the source itself")]
    Source {
        /// The target.
        target: String,
    },
    /// The target's server has the source's system identifier.
    #[error("{target} is on a server with the source's system identifier: production or a copy of it")]
    SameSystem {
        /// The target.
        target: String,
    },
    /// The target's server is a standby.
    #[error("{target} is on a standby, which is read-only")]
    Standby {
        /// The target.
        target: String,
    },
    /// The target's server is older than the source's and may not know all statements of the schema.
    #[error("{target} runs PostgreSQL {major}, but the sample is from PostgreSQL {source_major}")]
    Older {
        /// The target.
        target: String,
        /// The target's major version.
        major: u32,
        /// The source's major version.
        source_major: u32,
    },
    /// The target contains something and may not be replaced.
    #[error("{target} is not empty: it has {found}")]
    NotEmpty {
        /// The target.
        target: String,
        /// The contents, in words.
        found: String,
    },
    /// The database does not exist and the role may not create it.
    #[error("{target} does not exist, and {user} may not create databases")]
    Missing {
        /// The target.
        target: String,
        /// The role.
        user: String,
    },
    /// The role may not create a scratch database, and the tables of the target do not fit.
    #[error("{user} cannot replace {target}: {why}")]
    NotReplaceable {
        /// The target.
        target: String,
        /// The role.
        user: String,
        /// Why.
        why: String,
    },
    /// Triggers would fire and the role may not disable them.
    #[error("{table} has triggers that would fire, and {user} may not disable them")]
    Triggers {
        /// The table.
        table: String,
        /// The role.
        user: String,
    },
}

impl Refusal {
    /// Returns the remedy.
    pub fn remedy(&self) -> String {
        match self {
            Refusal::NotAllowed { target } => format!("add {target} to `sample.targets` if it may be overwritten"),
            Refusal::Production { .. } | Refusal::Source { .. } | Refusal::SameSystem { .. } => {
                "choose a database on another server: a sample is never written to its source".into()
            }
            Refusal::Standby { .. } => "use the primary".into(),
            Refusal::Older { source_major, .. } => format!(
                "choose a database on PostgreSQL {source_major} or newer, or create the tables there with migrations"
            ),
            Refusal::NotEmpty { .. } => "choose an empty database, or pass --replace to replace this one".into(),
            Refusal::Missing { user, .. } => {
                format!("create the database, or run: ALTER ROLE {} CREATEDB", identifier(user))
            }
            Refusal::NotReplaceable { user, .. } => format!(
                "make the role the owner of this database and let it create a scratch database: \
                 ALTER ROLE {} CREATEDB",
                identifier(user)
            ),
            Refusal::Triggers { .. } => "connect as the owner of the tables".into(),
        }
    }
}

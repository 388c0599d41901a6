//! Why a target must not be written to, and what to do about it. All of it is known before anything is
//! written.

/// A target that is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is on no list of what may be written to.
    #[error("{target} is not on the list of databases that a sample may go into")]
    NotAllowed {
        /// `host:port/database`.
        target: String,
    },
    /// Its host is production's.
    #[error("{target} is on {production}, which is production")]
    Production {
        /// `host:port/database`.
        target: String,
        /// The name that says so.
        production: String,
    },
    /// It is the database that the rows are read from.
    #[error("{target} is the source itself")]
    Source {
        /// `host:port/database`.
        target: String,
    },
    /// Its server has the source's system identifier: a copy of it, or what it was copied from.
    #[error("{target} is on a server with the source's own system identifier: production, or a copy of it")]
    SameSystem {
        /// `host:port/database`.
        target: String,
    },
    /// The server is a standby.
    #[error("{target} is on a standby, which takes no writes")]
    Standby {
        /// `host:port/database`.
        target: String,
    },
    /// Its server is older than the source's, whose schema it cannot read.
    #[error("{target} is on PostgreSQL {major}, and the sample is from PostgreSQL {source_major}")]
    Older {
        /// `host:port/database`.
        target: String,
        /// Its major version.
        major: u32,
        /// The source's.
        source_major: u32,
    },
    /// There is something in it.
    #[error("{target} is not empty: it has {found}")]
    NotEmpty {
        /// `host:port/database`.
        target: String,
        /// What is in it.
        found: String,
    },
    /// There is no database of that name and the role may not make one.
    #[error("there is no database {target}, and {user} may not make one")]
    Missing {
        /// `host:port/database`.
        target: String,
        /// The role.
        user: String,
    },
    /// The role may neither make a scratch database nor are there tables to load into.
    #[error("{target} cannot be replaced by {user}: {why}")]
    NoWay {
        /// `host:port/database`.
        target: String,
        /// The role.
        user: String,
        /// Why.
        why: String,
    },
    /// Triggers would fire.
    #[error("{table} has triggers that would fire, and {user} may not switch them off")]
    Triggers {
        /// The table.
        table: String,
        /// The role.
        user: String,
    },
}

impl Refusal {
    /// What to do.
    pub fn remedy(&self) -> String {
        match self {
            Refusal::NotAllowed { target } => format!("add {target} to `sample.targets` if it may be overwritten"),
            Refusal::Production { .. } | Refusal::Source { .. } | Refusal::SameSystem { .. } => {
                "name a database on another server: a sample never goes where it came from".into()
            }
            Refusal::Standby { .. } => "name the primary".into(),
            Refusal::Older { source_major, .. } => {
                format!("name a database on PostgreSQL {source_major} or newer, or make the tables there by migrations")
            }
            Refusal::NotEmpty { .. } => "name an empty database, or pass --replace to have it replaced".into(),
            Refusal::Missing { user, .. } => {
                format!("create the database, or let the role: ALTER ROLE \"{user}\" CREATEDB")
            }
            Refusal::NoWay { user, .. } => {
                format!("let the role make a scratch database: ALTER ROLE \"{user}\" CREATEDB, and let it own this one")
            }
            Refusal::Triggers { .. } => "log in as the owner of the tables".into(),
        }
    }
}

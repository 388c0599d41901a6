//! Why the guard did not let an instance through, and what to do about it.

/// Why an instance was not let through.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The credentials reach another account or region.
    #[error("these credentials are for {found}, the configuration says {expected}")]
    Elsewhere {
        /// Account and region that the credentials reach.
        found: String,
        /// Account and region that the configuration names.
        expected: String,
    },
    /// It is the source.
    #[error("{name} is the source")]
    Source {
        /// Its name.
        name: String,
    },
    /// Its name does not begin with the prefix and go on after it.
    #[error("{name} is not a name of the form {prefix}…")]
    Name {
        /// Its name.
        name: String,
        /// The prefix.
        prefix: String,
    },
    /// Another engine, or a member of a cluster.
    #[error("{name} is {what}, not a PostgreSQL instance of its own")]
    Kind {
        /// Its name.
        name: String,
        /// What it is.
        what: String,
    },
    /// A tag of ours is missing or says something else.
    #[error("{name} has no tag {key}={expected}")]
    Tag {
        /// Its name.
        name: String,
        /// The tag.
        key: &'static str,
        /// The value it should have.
        expected: String,
    },
    /// Its deletion protection is on.
    #[error("{name} has deletion protection")]
    Protected {
        /// Its name.
        name: String,
    },
    /// It has replicas or is one.
    #[error("{name} replicates: {with}")]
    Replicates {
        /// Its name.
        name: String,
        /// With which.
        with: String,
    },
    /// It was deleted and made again since it was first seen.
    #[error("{name} is another instance than the one seen before")]
    Replaced {
        /// Its name.
        name: String,
    },
    /// The record points at it.
    #[error("the record points at {name}")]
    Live {
        /// Its name.
        name: String,
    },
    /// The record cannot be read as one of ours, so nobody can say what it points at.
    #[error("the record cannot be trusted: {why}")]
    Record {
        /// Why.
        why: String,
    },
    /// It is not there.
    #[error("{name} does not exist")]
    Gone {
        /// Its name.
        name: String,
    },
}

impl Refusal {
    /// What to do about it.
    pub fn remedy(&self) -> String {
        match self {
            Refusal::Elsewhere { .. } => "use credentials of the configured account, or correct the configuration".into(),
            Refusal::Protected { .. } => {
                "devdb never switches deletion protection off: somebody wants this instance; switch it off by hand if not".into()
            }
            Refusal::Tag { name, .. } => format!("if {name} really is a generation of this target, add the tags by hand"),
            Refusal::Replicates { .. } => "remove the replicas by hand first: deleting would promote them".into(),
            Refusal::Live { .. } => "point the record elsewhere first".into(),
            Refusal::Source { .. } | Refusal::Name { .. } | Refusal::Kind { .. } => {
                "devdb modifies and deletes only its own generations".into()
            }
            Refusal::Replaced { .. } | Refusal::Gone { .. } => "run `devdb status` and start again".into(),
            Refusal::Record { .. } => "make the record a plain one by hand, then run again".into(),
        }
    }
}

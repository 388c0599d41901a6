//! Reasons for which the guard refuses an instance, and their remedies.

/// Why an instance was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The credentials reach another account or region than the configured one.
    #[error("these credentials are for {found}, but the configuration names {expected}")]
    WrongAccount {
        /// Account and region that the credentials reach.
        found: String,
        /// Account and region in the configuration.
        expected: String,
    },
    /// It is the source.
    #[error("{name} is the source")]
    IsSource {
        /// Name of the instance.
        name: String,
    },
    /// Its name is not the prefix followed by at least one character.
    #[error("{name} is not named {prefix}…")]
    WrongName {
        /// Name of the instance.
        name: String,
        /// Prefix of the target's generations.
        prefix: String,
    },
    /// It has another engine or is a member of a cluster.
    #[error("{name} is {found}, not a standalone PostgreSQL instance")]
    WrongKind {
        /// Name of the instance.
        name: String,
        /// The engine, or the cluster.
        found: String,
    },
    /// Its tags and state cannot be read.
    #[error("{name} is damaged: {why}")]
    Damaged {
        /// Name of the instance.
        name: String,
        /// The reason.
        why: String,
    },
    /// A tag is missing or has another value.
    #[error("{name} has no tag {key}={expected}")]
    MissingTag {
        /// Name of the instance.
        name: String,
        /// Tag key.
        key: &'static str,
        /// Required value.
        expected: String,
    },
    /// Its deletion protection is on.
    #[error("{name} has deletion protection")]
    Protected {
        /// Name of the instance.
        name: String,
    },
    /// It has replicas or is one.
    #[error("{name} replicates with {peer}")]
    Replicates {
        /// Name of the instance.
        name: String,
        /// Name of a replica, or of its primary.
        peer: String,
    },
    /// It was deleted and created again after it was first described.
    #[error("{name} was deleted and created again since this run first described it")]
    Replaced {
        /// Name of the instance.
        name: String,
    },
    /// The record points at it.
    #[error("the record points at {name}")]
    Live {
        /// Name of the instance.
        name: String,
    },
    /// The record is not a plain one, so it is unknown which instance it points at.
    #[error("the record cannot be interpreted: {reason}")]
    UnusableRecord {
        /// Why not.
        reason: String,
    },
    /// No such instance exists.
    #[error("{name} does not exist")]
    NotFound {
        /// Name of the instance.
        name: String,
    },
}

impl Refusal {
    /// Returns the remedy.
    pub fn remedy(&self) -> String {
        match self {
            Refusal::WrongAccount { .. } => {
                "use credentials of the configured account, or correct the configuration".into()
            }
            Refusal::Damaged { .. } => {
                "devdb removes nothing whose tags it cannot read: restore the file, or stop the server and remove the \
                 directory yourself"
                    .into()
            }
            Refusal::Protected { .. } => {
                "devdb never switches deletion protection off; switch it off yourself if this \
                 generation is no longer needed"
                    .into()
            }
            Refusal::MissingTag { name, .. } => {
                format!("if {name} really is a generation of this target, add the tags yourself")
            }
            Refusal::Replicates { .. } => "remove the replicas first: deleting their primary would promote them".into(),
            Refusal::Live { .. } => "point the record at another generation first".into(),
            Refusal::IsSource { .. } | Refusal::WrongName { .. } | Refusal::WrongKind { .. } => {
                "devdb modifies and deletes only its own generations".into()
            }
            Refusal::Replaced { .. } | Refusal::NotFound { .. } => "run `devdb status`, then start again".into(),
            Refusal::UnusableRecord { .. } => "replace the record by a plain one, then run again".into(),
        }
    }
}

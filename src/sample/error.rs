//! Errors of selecting and reading a sample.

use crate::config::TablePath;
use crate::error::{Exit, Failure};
use crate::pg;
use crate::units::counted;

/// Result of a step of sampling.
pub type Result<T> = std::result::Result<T, SampleError>;

/// The reason why a sample was not taken. The source is never changed, whichever it is.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// The source failed.
    #[error(transparent)]
    Source(#[from] pg::Error),
    /// The configuration or the command line names an object that does not exist.
    #[error("{place} names {what}, which is not in the database")]
    UnknownName {
        /// The configuration key or the option that names it.
        place: String,
        /// The object.
        what: String,
    },
    /// The configuration or the command line asks for something impossible.
    #[error("{what}")]
    Invalid {
        /// The problem.
        what: String,
        /// The remedy.
        remedy: String,
    },
    /// Seed rows that do not exist.
    #[error("{table} has no rows {missing}")]
    MissingRows {
        /// The table.
        table: TablePath,
        /// The keys as given.
        missing: String,
    },
    /// The role lacks privileges.
    #[error("{role} cannot read {}", counted(*tables as u64, "table"))]
    MissingPrivileges {
        /// The role.
        role: String,
        /// The number of tables that it cannot read.
        tables: usize,
        /// The statements that grant what is missing.
        grants: Vec<String>,
    },
    /// Row-level security hides rows from the role.
    #[error("row-level security hides rows of {tables} from {role}")]
    HiddenRows {
        /// The role.
        role: String,
        /// The tables.
        tables: String,
    },
    /// Connections to one address reached different servers.
    #[error("connections to {place} reached different servers")]
    MixedServers {
        /// The address.
        place: String,
    },
    /// The sample is larger than the configuration allows.
    #[error("the sample exceeds {limit} {unit}; the path that contributes most {unit} is {path}")]
    BudgetExceeded {
        /// The limit.
        limit: u64,
        /// The unit of the limit: `rows` or `bytes`.
        unit: &'static str,
        /// The tables from the seed rows to the largest one, and the rows of the latter.
        path: String,
    },
    /// The run was interrupted.
    #[error("interrupted")]
    Interrupted,
}

impl SampleError {
    /// Returns the remedy, if there is one.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            SampleError::Source(_) | SampleError::Interrupted => return None,
            SampleError::UnknownName { .. } => "correct the name; quote names that contain dots".into(),
            SampleError::Invalid { remedy, .. } => remedy.clone(),
            SampleError::MissingRows { .. } => "name rows that exist".into(),
            SampleError::MissingPrivileges { grants, .. } => format!("run on the source: {}", grants.join("; ")),
            SampleError::HiddenRows { role, .. } => format!(
                "run on the source: ALTER ROLE {} BYPASSRLS; or configure the tables as `none`",
                pg::identifier(role)
            ),
            SampleError::MixedServers { .. } => {
                "use the endpoint of one instance: connections to several servers cannot share a snapshot".into()
            }
            SampleError::BudgetExceeded { .. } => {
                "sample fewer seed rows, give an edge of that path `rule: stop` or a `limit`, or raise `sample.max_rows` \
                 and `sample.max_bytes`"
                    .into()
            }
        })
    }
}

impl From<SampleError> for Failure {
    fn from(error: SampleError) -> Failure {
        let exit = match &error {
            SampleError::Source(_) => Exit::Unexpected,
            SampleError::Interrupted => Exit::Interrupted,
            SampleError::UnknownName { .. } | SampleError::Invalid { .. } | SampleError::MissingRows { .. } => {
                Exit::Usage
            }
            SampleError::MissingPrivileges { .. }
            | SampleError::HiddenRows { .. }
            | SampleError::MixedServers { .. }
            | SampleError::BudgetExceeded { .. } => Exit::Refused,
        };
        let hint = error.hint();
        let failure = Failure::new(exit, error);
        match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

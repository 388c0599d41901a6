//! Why no sample was taken.

use crate::config::TablePath;
use crate::error::{Exit, Failure};
use crate::pg;

/// Result of a step of sampling.
pub type Result<T> = std::result::Result<T, Error>;

/// Why no sample was taken. The source is never changed, whatever it is.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The source failed.
    #[error(transparent)]
    Source(#[from] pg::Error),
    /// The configuration or the command line names something that is not there.
    #[error("{place} names {what}, which is not in the database")]
    Unknown {
        /// Where it is named.
        place: String,
        /// What.
        what: String,
    },
    /// The configuration or the command line asks for something that cannot be.
    #[error("{what}")]
    Wish {
        /// What is wrong.
        what: String,
        /// What to do.
        remedy: String,
    },
    /// Seed rows that are not there.
    #[error("{table} has no rows {missing}")]
    Missing {
        /// The table.
        table: TablePath,
        /// The keys as given.
        missing: String,
    },
    /// The role may not read everything.
    #[error("{role} may not read {tables} of the tables")]
    Unreadable {
        /// The role.
        role: String,
        /// How many.
        tables: usize,
        /// The statements that let it.
        grants: Vec<String>,
    },
    /// Policies hide rows from the role.
    #[error("row-level security hides rows of {tables} from {role}")]
    Hidden {
        /// The role.
        role: String,
        /// The tables.
        tables: String,
    },
    /// Two connections came to two servers.
    #[error("two connections to {place} reached two servers")]
    Balanced {
        /// The address dialled.
        place: String,
    },
    /// The sample is larger than allowed.
    #[error("the sample is larger than {limit}; its fattest path is {path}")]
    Budget {
        /// The limit, in words.
        limit: String,
        /// From the seed rows to the table with most, in words.
        path: String,
    },
    /// The run was interrupted.
    #[error("interrupted")]
    Interrupted,
}

impl Error {
    /// What to do about it.
    pub fn remedy(&self) -> Option<String> {
        Some(match self {
            Error::Source(_) | Error::Interrupted => return None,
            Error::Unknown { .. } => "correct the name; names with dots stand in quotation marks".into(),
            Error::Wish { remedy, .. } => remedy.clone(),
            Error::Missing { .. } => "name rows that are there".into(),
            Error::Unreadable { grants, .. } => format!("run there: {}", grants.join("; ")),
            Error::Hidden { role, .. } => {
                format!("run there: ALTER ROLE {} BYPASSRLS; or configure the tables as `none`", pg::identifier(role))
            }
            Error::Balanced { .. } => {
                "name the endpoint of one instance: one that spreads connections cannot give one snapshot".into()
            }
            Error::Budget { .. } => {
                "sample fewer seed rows, give an edge of that path `rule: stop` or a `limit`, or raise `sample.max_rows` \
                 and `sample.max_bytes`"
                    .into()
            }
        })
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        let exit = match &error {
            Error::Source(_) => Exit::Unexpected,
            Error::Interrupted => Exit::Interrupted,
            Error::Unknown { .. } | Error::Wish { .. } | Error::Missing { .. } => Exit::Usage,
            Error::Unreadable { .. } | Error::Hidden { .. } | Error::Balanced { .. } | Error::Budget { .. } => {
                Exit::Refused
            }
        };
        let remedy = error.remedy();
        let failure = Failure::new(exit, error);
        match remedy {
            Some(remedy) => failure.hint(remedy),
            None => failure,
        }
    }
}

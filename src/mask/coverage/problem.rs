//! Problems of coverage, with remedies.

use crate::mask::Refusal;

/// A reason why a database cannot be masked with the configuration.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CoverageProblem {
    /// Contradictory entries.
    #[error("column {column} matches contradictory entries: {}", join(.entries))]
    Ambiguous {
        /// Path of the column.
        column: String,
        /// The entries.
        entries: Vec<String>,
    },
    /// An invalid mask.
    #[error("the mask of {entry} is invalid: {error}")]
    Rule {
        /// The entry.
        entry: String,
        /// The error.
        error: String,
    },
    /// A mask that is not proved to suit its column.
    #[error("{refusal}")]
    Refused {
        /// The refusal.
        refusal: Box<Refusal>,
        /// The entry with which its author vouches for the constraint.
        vouch: Option<String>,
    },
    /// A column and the key that it references, with different decisions.
    #[error("column {column} is {column_decision}, but references {key}, which is {key_decision}")]
    Mismatch {
        /// Path of the column.
        column: String,
        /// Path of the key.
        key: String,
        /// Decision for the column.
        column_decision: String,
        /// Decision for the key.
        key_decision: String,
    },
    /// A referenced key whose mask depends on other columns, so that references cannot follow.
    #[error("column {column} references {key}, whose mask `{mask}` depends on more than the key's value")]
    NotByValue {
        /// Path of the column.
        column: String,
        /// Path of the key.
        key: String,
        /// Name of the mask.
        mask: &'static str,
    },
    /// A column and the masked key that it references, with different types.
    #[error("column {column} references the masked key {key}, but has another type")]
    Types {
        /// Path of the column.
        column: String,
        /// Path of the key.
        key: String,
    },
    /// A column inherited from tables with different masks.
    #[error("column {column} is inherited from {}, which mask it differently", join(.parents))]
    Inherited {
        /// Path of the column.
        column: String,
        /// The parents.
        parents: Vec<String>,
    },
    /// An inherited column with an entry that says something else than what decides about it.
    #[error("column {column} is decided by that of {top}, which contradicts its own entry `{entry}`")]
    Overruled {
        /// Path of the column.
        column: String,
        /// The topmost table.
        top: String,
        /// The entry.
        entry: String,
    },
    /// A configured reference by expression to a masked key.
    #[error("`references`: an expression of {table} references {key}, which is masked, and cannot follow it")]
    Expression {
        /// Referencing table.
        table: String,
        /// Path of the key.
        key: String,
    },
    /// A configured reference to a column that does not exist.
    #[error("`references`: column {column} does not exist")]
    Unknown {
        /// Path of the column.
        column: String,
    },
}

impl CoverageProblem {
    /// What the user can do about it.
    pub fn remedy(&self) -> String {
        let remedy = match self {
            CoverageProblem::Ambiguous { column, .. } => return format!("list {column} by its full name, only once"),
            CoverageProblem::Mismatch { column, .. } => {
                return format!("remove the entry of {column}, which then follows the key, or give both the same mask");
            }
            CoverageProblem::Rule { .. } => "see `devdb masks` for every mask with its options",
            CoverageProblem::Refused { vouch: Some(line), .. } => {
                return format!(
                    "use another mask of `devdb masks`, or, if no row can violate the constraint, vouch for it by the entry `{line}`: \
                     all rows are then checked before a table is changed"
                );
            }
            CoverageProblem::Refused { vouch: None, .. } => {
                "use another mask of `devdb masks`, or mask the column in a script and list it under `scripted`"
            }
            CoverageProblem::NotByValue { .. } => "give the key a mask that depends on its value only",
            CoverageProblem::Inherited { .. } => "give the column the same mask in all of these tables",
            CoverageProblem::Overruled { entry, top, .. } => {
                return format!("remove `{entry}`, or give the column of {top} the same decision");
            }
            CoverageProblem::Expression { .. } => {
                "keep the key, or mask what the expression reads in the same way (`json`) and remove the reference"
            }
            CoverageProblem::Types { .. } => "mask neither, or give both the same type",
            CoverageProblem::Unknown { .. } => "correct the name or remove the reference",
        };
        remedy.to_owned()
    }
}

fn join(entries: &[String]) -> String {
    entries.iter().map(|entry| format!("`{entry}`")).collect::<Vec<_>>().join(" and ")
}

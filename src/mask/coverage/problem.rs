//! What cannot be, each with its remedy.

use crate::mask::Refusal;

/// Why a database cannot be masked by the configuration.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Problem {
    /// Entries that contradict each other.
    #[error("{column} is named by {}", list(.entries))]
    Ambiguous {
        /// The column.
        column: String,
        /// The entries.
        entries: Vec<String>,
    },
    /// A mask that can never be right.
    #[error("the mask of {entry}: {why}")]
    Rule {
        /// The entry.
        entry: String,
        /// What is wrong.
        why: String,
    },
    /// The mask cannot be proved to suit the column.
    #[error("{0}")]
    Refused(Refusal),
    /// A column that refers to another, and both would not be masked alike.
    #[error("{column} refers to {key}, which is {is}, but it is {but}")]
    Apart {
        /// The referring column.
        column: String,
        /// The key.
        key: String,
        /// What becomes of the key.
        is: String,
        /// What becomes of the column.
        but: String,
    },
    /// A key whose mask is not made of its value alone, so that what refers to it cannot follow.
    #[error("{column} refers to {key}, whose mask `{mask}` depends on more than its value")]
    NotOfValue {
        /// The referring column.
        column: String,
        /// The key.
        key: String,
        /// The mask.
        mask: &'static str,
    },
    /// A key and what refers to it have types for which the mask makes different values.
    #[error("{column} refers to {key}, which is masked, but has another type")]
    Types {
        /// The referring column.
        column: String,
        /// The key.
        key: String,
    },
    /// A column that comes from several tables which are not masked alike.
    #[error("{column} is inherited from {}, which are not masked alike", list(.from))]
    Heir {
        /// The column.
        column: String,
        /// The tables.
        from: Vec<String>,
    },
    /// A masked key that an expression refers to, which cannot follow.
    #[error("`references` has an expression of {table} that refers to {key}, which is masked: it cannot follow")]
    Expression {
        /// The referring table.
        table: String,
        /// The key.
        key: String,
    },
    /// An undeclared reference that names what is not there.
    #[error("`references` names {what}, which is not in the database")]
    Unknown {
        /// What it names.
        what: String,
    },
}

impl Problem {
    /// What to do about it.
    pub fn remedy(&self) -> String {
        match self {
            Problem::Ambiguous { column, .. } => format!("name {column} in full, in one place only"),
            Problem::Rule { .. } => "`devdb masks` lists every mask with its options".to_owned(),
            Problem::Refused(_) => {
                "take another mask of `devdb masks`, or mask it in a script and list it under `scripted`".to_owned()
            }
            Problem::Apart { column, .. } => {
                format!("give both the same mask, or remove the entry of {column}: it follows by itself")
            }
            Problem::NotOfValue { .. } => "take a mask that is made of the value alone".to_owned(),
            Problem::Heir { .. } => "give the column the same mask in all of them".to_owned(),
            Problem::Expression { .. } => {
                "keep the key, or mask what the expression reads in the same way (`json`) and remove the reference"
                    .to_owned()
            }
            Problem::Types { .. } => "mask neither, or make their types equal".to_owned(),
            Problem::Unknown { .. } => "correct its name, or remove it".to_owned(),
        }
    }
}

fn list(entries: &[String]) -> String {
    entries.iter().map(|entry| format!("`{entry}`")).collect::<Vec<_>>().join(" and ")
}

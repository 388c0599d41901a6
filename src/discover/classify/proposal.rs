//! Result of a classification.

use crate::config::KeptType;

/// What is proposed for a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Classification {
    /// The configuration line.
    pub proposal: Proposal,
    /// The reason, as text; never contains a value.
    pub reason: String,
    /// How certain it is.
    pub confidence: Confidence,
}

/// The configuration of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proposal {
    /// A mask in YAML, `{ phone: kr }`, that compiles for the column.
    Mask(String),
    /// A line under `keep`.
    Keep,
    /// No line: its type can be kept in all columns.
    KeepType(KeptType),
    /// No line: it is computed, or follows the column that it references.
    Nothing,
    /// Only a person can decide.
    Unknown,
}

/// How certain a classification is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// A person has to check it.
    Low,
    /// The name or the values suggest it.
    Likely,
    /// Name and values suggest it, or nothing else is possible.
    Certain,
}

//! Refusals: reasons why a rule cannot be used for a column, with remedies.

/// A rule that does not suit a column's type, or whose outputs are not proved to satisfy its constraints.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the mask `{mask}` cannot be used for {column}: {reason}")]
pub struct Refusal {
    /// `schema.table.column`.
    pub column: String,
    /// Name of the mask.
    pub mask: &'static str,
    /// Reason.
    pub reason: RefusalReason,
}

/// Reason why a mask cannot be used for a column.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefusalReason {
    /// A type that the mask does not accept.
    #[error("the mask accepts {accepts}, but the column has type {found}")]
    Type {
        /// Types that the mask accepts.
        accepts: &'static str,
        /// Base type of the column.
        found: String,
    },
    /// A generated column.
    #[error("the column is computed from other columns")]
    Generated,
    /// NULL for a column that forbids it.
    #[error("the column is NOT NULL")]
    NotNull,
    /// Outputs that do not fit.
    #[error("masked values have up to {needed} characters, but the column takes {max_chars}")]
    TooLong {
        /// Characters that the shortest form needs.
        needed: usize,
        /// Characters that the column takes.
        max_chars: usize,
    },
    /// A unique column and a mask whose outputs may repeat.
    #[error("masked values may repeat, but {index} is unique")]
    NotUnique {
        /// Name of the index or constraint.
        index: String,
    },
    /// A unique index on an expression that may map different outputs to the same value.
    #[error("masked values may collide in the unique index {index} on `{expression}`")]
    Index {
        /// Name of the index or constraint.
        index: String,
        /// Expression or predicate of the index.
        expression: String,
    },
    /// A check that the outputs are not proved to satisfy.
    #[error("masked values may violate {constraint}: {definition}")]
    Check {
        /// Name of the constraint.
        constraint: String,
        /// Definition of the constraint.
        definition: String,
    },
    /// A fixed value that does not have the column's type.
    #[error("`{value}` is not a value of type {found}")]
    Value {
        /// The value.
        value: String,
        /// Base type of the column.
        found: String,
    },
    /// A fixed value that is not a label of the enum.
    #[error("`{value}` is not a label of the enum {found}; its labels are {labels}")]
    Label {
        /// The value.
        value: String,
        /// Name of the enum.
        found: String,
        /// Labels of the enum.
        labels: String,
    },
    /// JSON paths whose automaton is too large.
    #[error("its JSON paths have too many combinations of `..` and `*`")]
    Paths,
    /// An attribute of a composite that is unknown or not listed.
    #[error("attribute `{attribute}` {problem}")]
    Attribute {
        /// Name of the attribute.
        attribute: String,
        /// Problem, as a predicate.
        problem: &'static str,
    },
    /// The refused mask of an attribute.
    #[error("attribute `{attribute}`: {reason}")]
    Inside {
        /// Name of the attribute.
        attribute: String,
        /// Reason.
        reason: Box<RefusalReason>,
    },
    /// A table without a column to derive the choice from.
    #[error("the table has no other column of integers, text or UUIDs to choose by")]
    NoSibling,
    /// An unsuitable column after `by`.
    #[error("the column `{by}` in `by` {problem}")]
    By {
        /// Name of the column.
        by: String,
        /// Problem, as a predicate.
        problem: &'static str,
    },
}

impl Refusal {
    /// What the user can do about it.
    pub fn remedy(&self) -> String {
        self.reason.remedy().to_owned()
    }
}

impl RefusalReason {
    /// Name of the constraint that is not proved, if a rule can vouch for it.
    pub fn constraint(&self) -> Option<&str> {
        match self {
            RefusalReason::NotUnique { index } | RefusalReason::Index { index, .. } => Some(index),
            RefusalReason::Check { constraint, .. } => Some(constraint),
            _ => None,
        }
    }

    fn remedy(&self) -> &'static str {
        match self {
            RefusalReason::Type { .. } => {
                "use a mask for this type (`devdb masks` lists them), `null`, or an expression under `sql`"
            }
            RefusalReason::Generated => "mask the columns that it is computed from",
            RefusalReason::NotNull => "use a mask that returns values, or `fixed`",
            RefusalReason::TooLong { .. } => "use a mask with shorter values, or an expression under `sql`",
            RefusalReason::NotUnique { .. } => {
                "use a mask with unique values (see `devdb masks`), or vouch for the index: `vouch: {mask: …, constraints: [NAME]}`"
            }
            RefusalReason::Index { .. } | RefusalReason::Check { .. } => {
                "vouch for the constraint: `vouch: {mask: …, constraints: [NAME]}`"
            }
            RefusalReason::Value { .. } | RefusalReason::Label { .. } => "correct the value",
            RefusalReason::Attribute { .. } => "list every attribute of the type once, with a mask or `keep`",
            RefusalReason::Inside { reason, .. } => reason.remedy(),
            RefusalReason::NoSibling => "use `fixed` or `null`",
            RefusalReason::Paths => "use fewer paths with `..` and `*`, or `json: shape`",
            RefusalReason::By { .. } => {
                "name a column of the table that holds integers, text or UUIDs and is not masked itself"
            }
        }
    }
}

//! Why a rule may not be used for a column.

/// A rule that cannot be proved to keep a column's type or constraints.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the mask `{mask}` cannot be used for {column}: {why}")]
pub struct Refusal {
    /// `schema.table.column`.
    pub column: String,
    /// The mask's name.
    pub mask: &'static str,
    /// Why not.
    pub why: Why,
}

/// Why not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// The mask makes nothing of this type.
    #[error("it takes {takes}, and the column is of type {found}")]
    Type {
        /// What it takes.
        takes: &'static str,
        /// The column's base type.
        found: String,
    },
    /// The column is computed.
    #[error("its values are computed from other columns")]
    Generated,
    /// NULL in a column that takes none.
    #[error("the column is NOT NULL")]
    NotNull,
    /// The values do not fit.
    #[error("its values have up to {needed} characters, and the column takes {room}")]
    TooLong {
        /// What the shortest form needs.
        needed: usize,
        /// What the column takes.
        room: usize,
    },
    /// The column has to be unique and values may repeat.
    #[error("its values may repeat, and {index} is unique")]
    NotUnique {
        /// The index or constraint.
        index: String,
    },
    /// A unique index compares something that the mask is not known to keep apart.
    #[error("{index} compares `{expression}`, and nothing proves that the values keep that apart")]
    Index {
        /// The index or constraint.
        index: String,
        /// Its expression or condition.
        expression: String,
    },
    /// A check that the values are not known to satisfy.
    #[error("nothing proves that its values satisfy {constraint}: {definition}")]
    Check {
        /// The constraint.
        constraint: String,
        /// Its definition.
        definition: String,
    },
    /// The fixed value is none of the column's type.
    #[error("`{value}` is no value of type {found}")]
    Value {
        /// The value.
        value: String,
        /// The column's base type.
        found: String,
    },
    /// The fixed value is none of an enum's labels.
    #[error("`{value}` is no label of the enum {found}; its labels are {labels}")]
    Label {
        /// The value.
        value: String,
        /// The enum.
        found: String,
        /// Its labels.
        labels: String,
    },
    /// Paths into JSON that make too large a table.
    #[error("its paths branch too often")]
    Paths,
    /// An attribute of a composite.
    #[error("its attribute `{attribute}` {why}")]
    Attribute {
        /// The attribute.
        attribute: String,
        /// What is wrong.
        why: &'static str,
    },
    /// The mask of an attribute cannot be used.
    #[error("of its attribute `{attribute}`, {why}")]
    Inside {
        /// The attribute.
        attribute: String,
        /// Why not.
        why: Box<Why>,
    },
    /// No column of the table can decide.
    #[error("no other column of the table holds integers, text or UUIDs to choose by")]
    Alone,
    /// The column after `by` cannot decide.
    #[error("the column `{by}` after `by` {why}")]
    By {
        /// The column.
        by: String,
        /// Why not.
        why: &'static str,
    },
}

impl Refusal {
    /// What to do about it.
    pub fn remedy(&self) -> String {
        self.why.remedy().to_owned()
    }
}

impl Why {
    fn remedy(&self) -> &'static str {
        match self {
            Why::Type { .. } => {
                "take a mask for this type (`devdb masks` lists them), `null`, or an expression under `sql`"
            }
            Why::Generated => "mask the columns that it is computed from",
            Why::NotNull => "take a mask that makes values, or `fixed`",
            Why::TooLong { .. } => "take a mask with shorter values, or an expression under `sql`",
            Why::NotUnique { .. } => {
                "take a mask with unique values (`devdb masks` tells), or an expression under `sql` that vouches for it"
            }
            Why::Index { .. } | Why::Check { .. } => {
                "write an expression under `sql`, and vouch for the constraint: `sql: {expression: …, vouch: [NAME]}`"
            }
            Why::Value { .. } | Why::Label { .. } => "correct the value",
            Why::Attribute { .. } => "name every attribute of the type once, with a mask or `keep`",
            Why::Inside { why, .. } => why.remedy(),
            Why::Alone => "take `fixed` or `null`",
            Why::Paths => "write fewer paths with `..` and `*`, or `json: shape`",
            Why::By { .. } => "name a column of the table that holds integers, text or UUIDs and is not itself masked",
        }
    }
}

//! Decisions for columns, and their sum: the coverage of a database.

use std::collections::{BTreeMap, BTreeSet};

use super::catalog::table_of;
use super::problem::CoverageProblem;
use crate::config::{ColumnPath, TablePath};
use crate::mask::Rule;
use crate::pg::catalog::Column;

/// Decision for a column.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// Masked.
    Masked {
        /// Rule.
        rule: Rule,
        /// Entry of the configuration.
        by: String,
    },
    /// Masked like the key that the column references.
    Follows {
        /// Rule of the key.
        rule: Rule,
        /// Path of the key.
        of: String,
    },
    /// Masked by scripts.
    Scripted {
        /// Entry of the configuration.
        by: String,
    },
    /// Kept on purpose.
    Kept {
        /// Entry of the configuration.
        by: String,
    },
    /// Computed from other columns of the row.
    Computed,
    /// Column of a foreign table, whose data is not in this database.
    Elsewhere,
}

impl Decision {
    /// Rule by which devdb masks the column.
    pub fn rule(&self) -> Option<&Rule> {
        match self {
            Decision::Masked { rule, .. } | Decision::Follows { rule, .. } => Some(rule),
            _ => None,
        }
    }

    /// Name for reports: `masked`, `scripted`, `kept`, `computed`, `elsewhere`.
    pub fn name(&self) -> &'static str {
        match self {
            Decision::Masked { .. } | Decision::Follows { .. } => "masked",
            Decision::Scripted { .. } => "scripted",
            Decision::Kept { .. } => "kept",
            Decision::Computed => "computed",
            Decision::Elsewhere => "elsewhere",
        }
    }

    /// Origin of the decision: an entry of the configuration, or the key that the column follows.
    pub fn by(&self) -> String {
        match self {
            Decision::Masked { rule, by } => format!("{}: {by}", rule.name()),
            Decision::Follows { rule, of } => format!("{}: follows {of}", rule.name()),
            Decision::Scripted { by } | Decision::Kept { by } => by.clone(),
            Decision::Computed => "computed from other columns".to_owned(),
            Decision::Elsewhere => "foreign table".to_owned(),
        }
    }

    /// Whether the entry contains the full name of the column.
    pub(super) fn is_exact(&self) -> bool {
        let (Decision::Masked { by, .. } | Decision::Scripted { by } | Decision::Kept { by }) = self else {
            return false;
        };
        ColumnPath::parse(by).is_ok_and(|path| path.is_exact())
    }
}

/// A column with its decision.
#[derive(Clone, Debug)]
pub struct DecidedColumn {
    /// The column.
    pub column: Column,
    /// The decision.
    pub decision: Decision,
}

/// Coverage of a database.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// Columns with a decision, except those that follow a topmost table.
    pub decided: Vec<DecidedColumn>,
    /// Columns without a decision.
    pub undecided: Vec<Column>,
    /// Columns of partitions and inheriting tables, by the column of the topmost table that they follow.
    pub descendants: BTreeMap<(TablePath, String), Vec<Column>>,
    /// Contradictions.
    pub problems: Vec<CoverageProblem>,
    /// Exact entries of the configuration whose column does not exist in this database.
    pub unused: BTreeSet<String>,
}

impl Coverage {
    /// Whether every column has a decision and there is no problem.
    pub fn is_complete(&self) -> bool {
        self.undecided.is_empty() && self.problems.is_empty()
    }

    /// Columns whose originals must not survive, because devdb or scripts mask them; with the name of the mask or
    /// `scripted`.
    pub fn originals(&self) -> impl Iterator<Item = (TablePath, &str, String)> {
        self.decided.iter().filter_map(|decided| {
            let mask = match &decided.decision {
                Decision::Scripted { .. } => "scripted".to_owned(),
                decision => decision.rule()?.name().to_owned(),
            };
            Some((table_of(&decided.column), decided.column.name.as_str(), mask))
        })
    }

    /// Full name of a column in the notation of the configuration.
    pub fn name_of(column: &Column) -> String {
        ColumnPath::of(&table_of(column), &column.name).to_string()
    }
}

//! Decisions for columns, and their sum: the coverage of a database.

use std::collections::{BTreeMap, BTreeSet};

use super::catalog::{key_of, table_of};
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
        /// The mask as JSON, which is YAML too.
        written: String,
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

    /// Name of the mask, or `scripted`; `None` if the originals stay.
    pub fn masked_by(&self) -> Option<&'static str> {
        match self {
            Decision::Scripted { .. } => Some("scripted"),
            decision => decision.rule().map(Rule::name),
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

    /// Whether the configuration decides, and not the nature of the column.
    pub(super) fn is_configured(&self) -> bool {
        !matches!(self, Decision::Computed | Decision::Elsewhere)
    }

    /// Origin of the decision: an entry of the configuration, or the key that the column follows.
    pub fn by(&self) -> String {
        match self {
            Decision::Masked { rule, by, .. } => format!("{}: {by}", rule.name()),
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
    /// Tables among the descendants with rows of their own: ordinary tables that inherit, not partitions.
    pub inheriting: BTreeSet<TablePath>,
    /// Contradictions.
    pub problems: Vec<CoverageProblem>,
    /// Exact entries of the configuration whose column does not exist in this database.
    pub unused: BTreeSet<String>,
    /// Configured references whose tables do not both exist in this database, as text: `from app.logs to app.users`.
    pub unused_references: BTreeSet<String>,
}

impl Coverage {
    /// Whether every column has a decision and there is no problem.
    pub fn is_complete(&self) -> bool {
        self.undecided.is_empty() && self.problems.is_empty()
    }

    /// All decided columns with their decisions, including those of partitions and inheriting tables.
    pub fn all_columns(&self) -> impl Iterator<Item = (&Column, &Decision)> {
        self.decided.iter().flat_map(|decided| {
            let descendants = self.descendants.get(&key_of(&decided.column)).into_iter().flatten();
            std::iter::once(&decided.column).chain(descendants).map(|column| (column, &decided.decision))
        })
    }

    /// Columns whose originals must not survive, because devdb or scripts mask them; with the name of the mask or
    /// `scripted`. Includes the columns of inheriting tables.
    pub fn originals(&self) -> impl Iterator<Item = (TablePath, &str, String)> {
        self.decided.iter().filter_map(|decided| Some((&decided.column, decided.decision.masked_by()?))).flat_map(
            |(column, mask)| {
                let tables = std::iter::once(column).chain(self.inheriting_columns(column));
                tables.map(move |column| (table_of(column), column.name.as_str(), mask.to_owned()))
            },
        )
    }

    /// The columns of inheriting tables that follow a column.
    pub(super) fn inheriting_columns(&self, top: &Column) -> impl Iterator<Item = &Column> {
        let descendants = self.descendants.get(&key_of(top)).into_iter().flatten();
        descendants.filter(|column| self.inheriting.contains(&table_of(column)))
    }

    /// Full name of a column in the notation of the configuration.
    pub fn name_of(column: &Column) -> String {
        ColumnPath::of(&table_of(column), &column.name).to_string()
    }
}

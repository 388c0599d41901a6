//! What coverage comes to: for each table, the columns to be masked with their expressions.

use std::collections::BTreeMap;

use super::{Coverage, Problem};
use crate::config::{ColumnPath, TablePath};
use crate::mask::{Expression, Key, compile};

/// One column to be masked.
#[derive(Clone, Debug)]
pub struct Masked {
    /// Its name.
    pub column: String,
    /// The mask's name.
    pub mask: &'static str,
    /// What it becomes.
    pub expression: Expression,
}

/// Tables to be masked; partitions by the table they are part of.
pub type Work = BTreeMap<TablePath, Vec<Masked>>;

/// Compiles every mask.
///
/// # Errors
/// Every mask that cannot be proved to keep the constraints of its column, in the table or in a partition of it.
pub fn work(coverage: &Coverage, key: &Key) -> Result<Work, Vec<Problem>> {
    let (mut work, mut problems) = (Work::new(), Vec::new());
    for decided in &coverage.decided {
        let Some(rule) = decided.class.rule() else { continue };
        let (table, name) = (super::path(&decided.column), decided.column.name.clone());
        // A partition may have constraints and indexes of its own.
        for below in coverage.below.get(&(table.clone(), name.clone())).into_iter().flatten() {
            problems.extend(compile(rule, below, key).err().map(Problem::Refused));
        }
        match compile(rule, &decided.column, key) {
            Ok(expression) => {
                let masked = Masked { column: name, mask: rule.name(), expression };
                work.entry(table).or_default().push(masked);
            }
            Err(refusal) => problems.push(Problem::Refused(refusal)),
        }
    }
    if problems.is_empty() { Ok(work) } else { Err(problems) }
}

impl Coverage {
    /// Columns whose originals must not survive: those that are masked, by devdb or by scripts.
    pub fn originals(&self) -> impl Iterator<Item = (TablePath, &str, String)> {
        self.decided.iter().filter_map(|decided| {
            let class = match &decided.class {
                super::Class::Scripted { .. } => "scripted".to_owned(),
                class => class.rule()?.name().to_owned(),
            };
            Some((super::path(&decided.column), decided.column.name.as_str(), class))
        })
    }

    /// The full name of a column, as it is written in the configuration.
    pub fn name_of(column: &crate::pg::catalog::Column) -> String {
        ColumnPath::of(&super::path(column), &column.name).to_string()
    }
}

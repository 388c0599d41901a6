//! The masks of a database: for each table, its masked columns with their expressions.

use std::collections::BTreeMap;

use super::catalog::key_of;
use super::decision::Coverage;
use super::problem::CoverageProblem;
use crate::config::TablePath;
use crate::mask::{Expression, Key, compile};

/// A column to mask.
#[derive(Clone, Debug)]
pub struct MaskedColumn {
    /// Name of the column.
    pub column: String,
    /// Name of the mask.
    pub mask: &'static str,
    /// Expression of the masked value.
    pub expression: Expression,
}

/// Masked columns by table; partitions belong to their topmost table.
pub type TableMasks = BTreeMap<TablePath, Vec<MaskedColumn>>;

/// Compiles every mask.
///
/// # Errors
/// All masks that are not proved to satisfy the constraints of their column, in the table or in one of its partitions.
pub fn compile_masks(coverage: &Coverage, key: &Key) -> Result<TableMasks, Vec<CoverageProblem>> {
    let (mut masks, mut problems) = (TableMasks::new(), Vec::new());
    for decided in &coverage.decided {
        let Some(rule) = decided.decision.rule() else { continue };
        let place = key_of(&decided.column);
        // A partition may have constraints and indexes of its own.
        for descendant in coverage.descendants.get(&place).into_iter().flatten() {
            problems.extend(compile(rule, descendant, key).err().map(CoverageProblem::Refused));
        }
        match compile(rule, &decided.column, key) {
            Ok(expression) => {
                let (table, column) = place;
                masks.entry(table).or_default().push(MaskedColumn { column, mask: rule.name(), expression });
            }
            Err(refusal) => problems.push(CoverageProblem::Refused(refusal)),
        }
    }
    if problems.is_empty() { Ok(masks) } else { Err(problems) }
}

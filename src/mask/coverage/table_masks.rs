//! The masks of a database: for each table, its masked columns with their expressions.

use std::collections::BTreeMap;

use super::catalog::{key_of, table_of};
use super::decision::{Coverage, DecidedColumn, Decision};
use super::problem::CoverageProblem;
use crate::config::{ColumnPath, TablePath};
use crate::digest::canonical_json;
use crate::mask::{Expression, Key, Refusal, compile};
use crate::pg::catalog::Column;

/// A column to mask.
#[derive(Clone, Debug)]
pub struct MaskedColumn {
    /// Name of the column.
    pub column: String,
    /// Name of the mask.
    pub mask: &'static str,
    /// Whether masked values keep parts of the originals: [`crate::mask::Rule::keeps_parts`].
    pub keeps_parts: bool,
    /// Expression of the masked value.
    pub expression: Expression,
}

/// Masked columns by table; partitions belong to their topmost table, inheriting tables are listed by themselves.
pub type TableMasks = BTreeMap<TablePath, Vec<MaskedColumn>>;

/// Compiles every mask.
///
/// # Errors
/// All masks that are not proved to satisfy the constraints of their column, in the table or in one of its partitions.
pub fn compile_masks(coverage: &Coverage, key: &Key) -> Result<TableMasks, Vec<CoverageProblem>> {
    let (mut masks, mut problems) = (TableMasks::new(), Vec::new());
    for decided in &coverage.decided {
        let Some(rule) = decided.decision.rule() else { continue };
        let mut add = |column: &Column, is_listed: bool| match compile(rule, column, key) {
            Ok(expression) if is_listed => {
                let (table, column) = key_of(column);
                let (mask, keeps_parts) = (rule.name(), rule.keeps_parts());
                masks.entry(table).or_default().push(MaskedColumn { column, mask, keeps_parts, expression });
            }
            Ok(_) => {}
            Err(refusal) => {
                let vouch = vouch_line(decided, &refusal);
                problems.push(CoverageProblem::Refused { refusal: Box::new(refusal), vouch });
            }
        };
        // A descendant may have constraints and indexes of its own.
        for descendant in coverage.descendants.get(&key_of(&decided.column)).into_iter().flatten() {
            add(descendant, coverage.inheriting.contains(&table_of(descendant)));
        }
        add(&decided.column, true);
    }
    if problems.is_empty() { Ok(masks) } else { Err(problems) }
}

/// The entry that makes the mask acceptable, if its author vouches for the constraint.
fn vouch_line(decided: &DecidedColumn, refusal: &Refusal) -> Option<String> {
    let (Decision::Masked { written, .. }, Some(constraint)) = (&decided.decision, refusal.reason.constraint()) else {
        return None;
    };
    let (table, column) = key_of(&decided.column);
    let constraint = canonical_json(&constraint);
    let path = ColumnPath::of(&table, &column);
    Some(format!("{path}: {{ vouch: {{ mask: {written}, constraints: [{constraint}] }} }}"))
}

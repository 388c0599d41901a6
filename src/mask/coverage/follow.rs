//! Columns that reference a masked key get the key's mask, so that declared and configured references stay valid.

use std::collections::BTreeMap;

use super::catalog::{Catalog, ColumnKey, key_of};
use super::decision::{Coverage, DecidedColumn, Decision};
use super::inheritance::Inheritance;
use super::problem::CoverageProblem;
use crate::config::mask::DateOptions;
use crate::config::{ColumnPath, Reference, TablePath};
use crate::mask::Rule;
use crate::pg::catalog::{Column, Type};

/// A referencing column and its key.
struct Pair {
    from: ColumnKey,
    to: ColumnKey,
}

/// Gives every column that references a masked key the key's mask, and reports contradictions.
pub(super) fn follow_keys(
    coverage: &mut Coverage,
    references: &[Reference],
    catalog: &Catalog,
    inheritance: &Inheritance,
) {
    let mut pairs = Vec::new();
    let mut add = |from: &TablePath, columns: &[String], to: &TablePath, key: &[String]| {
        for (column, key) in columns.iter().zip(key) {
            let mut sides = [(from, column), (to, key)].into_iter();
            if let Some((table, column)) = sides.find(|(table, column)| !inheritance.has_column(table, column)) {
                let column = ColumnPath::of(table, column).to_string();
                coverage.problems.push(CoverageProblem::Unknown { column });
                continue;
            }
            let top = |table: &TablePath, column: &String| (inheritance.top(table, column, catalog), column.clone());
            pairs.push(Pair { from: top(from, column), to: top(to, key) });
        }
    };
    for key in &catalog.foreign_keys {
        let from = TablePath { schema: key.schema.clone(), table: key.table.clone() };
        let to = TablePath { schema: key.to_schema.clone(), table: key.to_table.clone() };
        add(&from, &key.columns, &to, &key.to_columns);
    }
    // A reference between tables that are not here is one of another database.
    let (here, elsewhere): (Vec<_>, Vec<_>) = references
        .iter()
        .partition(|reference| [&reference.table, &reference.to].iter().all(|table| inheritance.has_table(table)));
    for reference in here {
        add(&reference.table, &reference.columns, &reference.to, &reference.key);
    }
    coverage.unused_references = elsewhere.iter().map(|it| format!("from {} to {}", it.table, it.to)).collect();
    propagate(coverage, &pairs);
    report_mismatches(coverage, &pairs);
    report_expressions(coverage, references);
}

/// Passes masks from keys to references until nothing changes: a referencing column may be a key itself.
fn propagate(coverage: &mut Coverage, pairs: &[Pair]) {
    loop {
        let masked: BTreeMap<ColumnKey, (Rule, String)> = coverage
            .decided
            .iter()
            .filter_map(|one| Some((key_of(&one.column), (one.decision.rule()?.clone(), one.column.path()))))
            .collect();
        let mut changed = false;
        for pair in pairs {
            let Some((rule, of)) = masked.get(&pair.to) else { continue };
            if masked.contains_key(&pair.from) {
                continue;
            }
            let decision = Decision::Follows { rule: rule.clone(), of: of.clone() };
            if let Some(at) = coverage.undecided.iter().position(|column| key_of(column) == pair.from) {
                let column = coverage.undecided.remove(at);
                coverage.decided.push(DecidedColumn { column, decision });
                changed = true;
            } else if let Some(decided) = coverage.decided.iter_mut().find(|one| key_of(&one.column) == pair.from)
                && matches!(decided.decision, Decision::Kept { .. } | Decision::Scripted { .. })
                && !decided.decision.is_exact()
            {
                decided.decision = decision;
                changed = true;
            }
        }
        if !changed {
            return;
        }
    }
}

fn report_mismatches(coverage: &mut Coverage, pairs: &[Pair]) {
    let mut problems = Vec::new();
    let find = |wanted: &ColumnKey| coverage.decided.iter().find(|one| key_of(&one.column) == *wanted);
    for pair in pairs {
        let (Some(from), Some(to)) = (find(&pair.from), find(&pair.to)) else { continue };
        let (column, key) = (from.column.path(), to.column.path());
        match (from.decision.rule(), to.decision.rule()) {
            (None, None) | (Some(Rule::Null), _) => {}
            (Some(one), Some(other)) if one.unvouched() == other.unvouched() => {
                if !depends_on_value_only(one) {
                    problems.push(CoverageProblem::NotByValue { column, key, mask: one.name() });
                } else if !have_compatible_types(&from.column, &to.column) {
                    problems.push(CoverageProblem::Types { column, key });
                }
            }
            _ => problems.push(CoverageProblem::Mismatch {
                column,
                key,
                column_decision: describe(&from.decision),
                key_decision: describe(&to.decision),
            }),
        }
    }
    coverage.problems.append(&mut problems);
}

fn report_expressions(coverage: &mut Coverage, references: &[Reference]) {
    let expressions = references.iter().filter(|reference| reference.expression.is_some());
    for (reference, key) in expressions.flat_map(|reference| reference.key.iter().map(move |key| (reference, key))) {
        let wanted = (reference.to.clone(), key.clone());
        let is_masked = |one: &&DecidedColumn| key_of(&one.column) == wanted && one.decision.rule().is_some();
        if let Some(decided) = coverage.decided.iter().find(is_masked) {
            let (table, key) = (reference.table.to_string(), decided.column.path());
            coverage.problems.push(CoverageProblem::Expression { table, key });
        }
    }
}

fn describe(decision: &Decision) -> String {
    match decision.rule() {
        Some(rule) => format!("masked by `{}`", rule.name()),
        None => decision.name().to_owned(),
    }
}

/// Whether the same value has the same mask in every row.
fn depends_on_value_only(rule: &Rule) -> bool {
    let depends_on_row = match rule.unvouched() {
        Rule::Sql(_) | Rule::Enum { .. } => true,
        Rule::Date(DateOptions::Shift(shift)) | Rule::Range(shift) => shift.by.is_some(),
        _ => false,
    };
    !depends_on_row
}

/// Whether a mask returns the same values for both types.
fn have_compatible_types(one: &Column, other: &Column) -> bool {
    let is_text = |kind: &Type| ["text", "varchar", "bpchar", "citext"].contains(&kind.name.as_str());
    one.array == other.array && (one.base.oid == other.base.oid || is_text(&one.base) && is_text(&other.base))
}

//! A masked key is followed through every foreign key, declared or configured: both sides get the same
//! mask, so what belonged together still does.

use std::collections::BTreeMap;

use super::{Above, Catalog, Class, Coverage, Decided, Problem};
use crate::config::mask::DateOptions;
use crate::config::{ColumnPath, Reference, TablePath};
use crate::mask::Rule;
use crate::pg::catalog::{Column, Type};

/// One column that refers to another.
struct Pair {
    from: (TablePath, String),
    to: (TablePath, String),
}

/// Gives every column that refers to a masked key that key's mask, and complains where both cannot agree.
pub(super) fn follow(coverage: &mut Coverage, references: &[Reference], catalog: &Catalog, above: &Above) {
    let known = |table: &TablePath, column: &String| above.columns.contains(&(table.clone(), column.clone()));
    let mut pairs = Vec::new();
    let mut add = |from: TablePath, columns: &[String], to: TablePath, key: &[String], problems: &mut Vec<Problem>| {
        for (column, key) in columns.iter().zip(key) {
            let missing = [(&from, column), (&to, key)].into_iter().find(|(table, column)| !known(table, column));
            if let Some((table, column)) = missing {
                problems.push(Problem::Unknown { what: ColumnPath::of(table, column).to_string() });
                continue;
            }
            let from = (above.top(&from, column, catalog), column.clone());
            pairs.push(Pair { from, to: (above.top(&to, key, catalog), key.clone()) });
        }
    };
    for key in &catalog.foreign_keys {
        let from = TablePath { schema: key.schema.clone(), table: key.table.clone() };
        let to = TablePath { schema: key.to_schema.clone(), table: key.to_table.clone() };
        add(from, &key.columns, to, &key.to_columns, &mut coverage.problems);
    }
    for reference in references {
        let (from, to) = (reference.table.clone(), reference.to.clone());
        add(from, &reference.columns, to, &reference.key, &mut coverage.problems);
    }
    spread(coverage, &pairs);
    agree(coverage, &pairs);
    let expressions = references.iter().filter(|reference| reference.expression.is_some());
    for (reference, key) in expressions.flat_map(|reference| reference.key.iter().map(move |key| (reference, key))) {
        let masked = |decided: &&Decided| {
            place(&decided.column) == (reference.to.clone(), key.clone()) && decided.class.rule().is_some()
        };
        if let Some(decided) = coverage.decided.iter().find(masked) {
            let (table, key) = (reference.table.to_string(), decided.column.path());
            coverage.problems.push(Problem::Expression { table, key });
        }
    }
}

/// Until nothing changes any more: what follows may be a key itself.
fn spread(coverage: &mut Coverage, pairs: &[Pair]) {
    loop {
        let masked: BTreeMap<(TablePath, String), (Rule, String)> = coverage
            .decided
            .iter()
            .filter_map(|decided| {
                Some((place(&decided.column), (decided.class.rule()?.clone(), decided.column.path())))
            })
            .collect();
        let mut changed = false;
        for pair in pairs {
            let Some((rule, of)) = masked.get(&pair.to) else { continue };
            if masked.contains_key(&pair.from) {
                continue;
            }
            let follows = Class::Follows { rule: rule.clone(), of: of.clone() };
            if let Some(at) = coverage.open.iter().position(|column| place(column) == pair.from) {
                let column = coverage.open.remove(at);
                coverage.decided.push(Decided { column, class: follows });
                changed = true;
            } else if let Some(decided) = find(&mut coverage.decided, &pair.from)
                && matches!(decided.class, Class::Kept { .. } | Class::Scripted { .. })
                && !decided.class.is_exact()
            {
                decided.class = follows;
                changed = true;
            }
        }
        if !changed {
            return;
        }
    }
}

fn agree(coverage: &mut Coverage, pairs: &[Pair]) {
    let mut problems = Vec::new();
    let at = |wanted: &(TablePath, String)| coverage.decided.iter().find(|decided| place(&decided.column) == *wanted);
    for pair in pairs {
        let (Some(from), Some(to)) = (at(&pair.from), at(&pair.to)) else { continue };
        let (column, key) = (from.column.path(), to.column.path());
        match (from.class.rule(), to.class.rule()) {
            (None, None) | (Some(Rule::Null), _) => {}
            (Some(one), Some(other)) if one == other => {
                if !is_of_value(one) {
                    problems.push(Problem::NotOfValue { column, key, mask: one.name() });
                } else if !are_alike(&from.column, &to.column) {
                    problems.push(Problem::Types { column, key });
                }
            }
            _ => problems.push(Problem::Apart { column, key, is: words(&to.class), but: words(&from.class) }),
        }
    }
    coverage.problems.append(&mut problems);
}

fn words(class: &Class) -> String {
    match class.rule() {
        Some(rule) => format!("masked by `{}`", rule.name()),
        None => class.word().to_owned(),
    }
}

/// Whether the same value gets the same mask in every row.
fn is_of_value(rule: &Rule) -> bool {
    let by_row = match rule {
        Rule::Sql(_) | Rule::Enum { .. } => true,
        Rule::Date(DateOptions::Shift(shift)) | Rule::Range(shift) => shift.by.is_some(),
        _ => false,
    };
    !by_row
}

fn are_alike(one: &Column, other: &Column) -> bool {
    let is_text = |kind: &Type| ["text", "varchar", "bpchar", "citext"].contains(&kind.name.as_str());
    one.array == other.array && (one.base.oid == other.base.oid || is_text(&one.base) && is_text(&other.base))
}

fn place(column: &Column) -> (TablePath, String) {
    (super::path(column), column.name.clone())
}

fn find<'a>(decided: &'a mut [Decided], wanted: &(TablePath, String)) -> Option<&'a mut Decided> {
    decided.iter_mut().find(|decided| place(&decided.column) == *wanted)
}

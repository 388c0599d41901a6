//! Decisions for all columns of a database.

use super::catalog::{Catalog, key_of, table_of};
use super::decision::{Coverage, DecidedColumn, Decision};
use super::inheritance::Inheritance;
use super::problem::CoverageProblem;
use super::{entries, follow};
use crate::config::{Masking, TablePath};

/// Decides for every column.
pub fn decide(masking: &Masking, catalog: &Catalog) -> Coverage {
    let inheritance = Inheritance::of(catalog);
    let mut coverage = Coverage { unused: entries::exact_names(masking), ..Coverage::default() };
    let (mut with_several_parents, mut named) = (Vec::new(), Vec::new());
    for column in &catalog.columns {
        let tops = inheritance.tops(column);
        if let Some(top) = tops.first().cloned() {
            named.extend(
                entries::own_entry(masking, column, &mut coverage.unused).map(|entry| (column, top.clone(), entry)),
            );
            coverage.descendants.entry((top, column.name.clone())).or_default().push(column.clone());
            if inheritance.has_own_rows(column) {
                coverage.inheriting.insert(table_of(column));
            }
            if tops.len() > 1 {
                with_several_parents.push((column, tops));
            }
            continue;
        }
        match entries::decide_column(masking, column, inheritance.is_foreign(column), &mut coverage.unused) {
            Ok(Some(decision)) => coverage.decided.push(DecidedColumn { column: column.clone(), decision }),
            Ok(None) => coverage.undecided.push(column.clone()),
            Err(problem) => coverage.problems.push(problem),
        }
    }
    follow::follow_keys(&mut coverage, &masking.references, catalog, &inheritance);
    for (column, tops) in with_several_parents {
        let rule = |top: &TablePath| {
            let wanted = (top.clone(), column.name.clone());
            let decided = coverage.decided.iter().find(|one| key_of(&one.column) == wanted);
            decided.and_then(|one| one.decision.rule())
        };
        if tops.iter().any(|top| rule(top) != rule(&tops[0])) {
            let (column, parents) = (column.path(), tops.iter().map(ToString::to_string).collect());
            coverage.problems.push(CoverageProblem::Inherited { column, parents });
        }
    }
    for (column, top, (decision, entry)) in named {
        let wanted = (top.clone(), column.name.clone());
        let of_top = coverage.decided.iter().find(|one| key_of(&one.column) == wanted).map(|one| &one.decision);
        let agrees = |of_top: &Decision| of_top.name() == decision.name() && of_top.rule() == decision.rule();
        if of_top.is_some_and(|of_top| of_top.is_configured() && !agrees(of_top)) {
            let (column, top) = (column.path(), top.to_string());
            coverage.problems.push(CoverageProblem::Overruled { column, top, entry });
        }
    }
    coverage
}

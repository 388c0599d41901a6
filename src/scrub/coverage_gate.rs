//! The coverage gate: refuses a database with an undecided column, an unproved mask, or a schema change that
//! `devdb.lock` does not list.
//!
//! `rotate`, `coverage`, `scrub` and `sample` all pass it: [`CoverageGate::judge`] reads one database,
//! [`CoverageGate::admit`] reports and decides, and [`CoverageGate::finish`] returns the verdict on all of them.

use std::collections::BTreeSet;
use std::fmt;

use crate::config::Masking;
use crate::discover::suggestions;
use crate::error::{Exit, Failure};
use crate::event::{ColumnCoverage, Event, Listener};
use crate::mask;
use crate::mask::coverage::{Catalog, Coverage, TableMasks};
use crate::pg::Session;
use crate::pg::catalog::Column;
use crate::units::counted;

use super::masker;
use super::schema_locks::SchemaLocks;

/// The coverage gate for one or several databases with the same masking rules.
pub struct CoverageGate<'a> {
    masking: &'a Masking,
    key: &'a mask::Key,
    locks: &'a SchemaLocks,
    listener: &'a dyn Listener,
    summary: Summary,
    /// Entries of the configuration that match no column of any database so far; `None` before the first.
    unused: Option<BTreeSet<String>>,
    /// Configured references that apply to no database so far; `None` before the first.
    unused_references: Option<BTreeSet<String>>,
    refusals: Vec<Failure>,
}

/// The coverage of one database, before the verdict.
pub struct Judgement {
    /// The database.
    pub database: String,
    /// Its columns, tables and foreign keys.
    pub catalog: Catalog,
    /// The decision for each column.
    pub coverage: Coverage,
    /// The compiled masks.
    pub work: TableMasks,
    /// Suggested YAML for its undecided columns; may be empty.
    suggestions: String,
}

/// Numbers of columns, and whether `devdb.lock` is missing. As text: `209 columns, 107 masked`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Summary {
    /// All columns.
    columns: usize,
    /// Columns that masks or scripts change.
    masked: usize,
    /// Whether the schema could not be compared, because there is no `devdb.lock`.
    lock_missing: bool,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {} masked", counted(self.columns as u64, "column"), self.masked)?;
        f.write_str(if self.lock_missing { "; no devdb.lock" } else { "" })
    }
}

/// Whether the schema is compared with `devdb.lock`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockCheck {
    /// It is compared.
    Compare,
    /// It is not: scripts have begun, and the tables that they make are not changes of production. Or it is about to
    /// be accepted.
    Skip,
}

impl<'a> CoverageGate<'a> {
    /// Returns a gate that has not seen any database.
    pub fn new(
        masking: &'a Masking,
        key: &'a mask::Key,
        locks: &'a SchemaLocks,
        listener: &'a dyn Listener,
    ) -> CoverageGate<'a> {
        let summary = Summary::default();
        CoverageGate {
            masking,
            key,
            locks,
            listener,
            summary,
            unused: None,
            unused_references: None,
            refusals: Vec::new(),
        }
    }

    /// Reads the schema of a database and decides about each column.
    ///
    /// # Errors
    /// If the catalog or values for suggestions cannot be read.
    pub async fn judge(&self, session: &Session) -> Result<Judgement, Failure> {
        let (catalog, coverage, work) = masker::judged(session, self.masking, self.key).await?;
        let suggestions = suggestions::lines(session, &catalog, &coverage).await?;
        Ok(Judgement { database: session.database().to_owned(), catalog, coverage, work, suggestions })
    }

    /// Reports the coverage of a database, and records whether it is refused.
    pub fn admit(&mut self, judgement: &Judgement, lock_check: LockCheck) {
        let (database, coverage) = (&judgement.database, &judgement.coverage);
        self.listener.on_event(&coverage_event(database, coverage));
        let mut refusal = refusal(database, coverage, &judgement.suggestions);
        if lock_check == LockCheck::Compare {
            self.summary.lock_missing |= self.locks.is_missing();
            refusal = refusal.or_else(|| self.locks.refusal(database, &judgement.catalog));
        }
        self.refusals.extend(refusal);
        self.summary.columns += coverage.decided.len();
        self.summary.masked += coverage.decided.iter().filter(|one| one.decision.masked_by().is_some()).count();
        // An entry that matches in one database is in use.
        keep_unused(&mut self.unused, &coverage.unused);
        keep_unused(&mut self.unused_references, &coverage.unused_references);
    }

    /// Refuses references that apply to none of the databases, which are all that the configuration is for: a key that
    /// is masked would not be followed.
    pub fn require_references(&mut self) {
        let unused: Vec<String> = self.unused_references.take().unwrap_or_default().into_iter().collect();
        if !unused.is_empty() && self.refusals.is_empty() {
            let cause = format!("no database has both tables of `references`: {}", unused.join(", "));
            self.refusals.push(Failure::new(Exit::Leak, cause).hint("correct the names or remove the references"));
        }
    }

    /// Warns of unused entries of the configuration, and returns the summary.
    ///
    /// # Errors
    /// The refusals of all databases as one; `Exit::Leak`.
    pub fn finish(self) -> Result<Summary, Failure> {
        for entry in self.unused.unwrap_or_default() {
            let message = format!("`mask` lists {entry}, which matches no column: correct or remove it");
            self.listener.on_event(&Event::Warning { message });
        }
        for reference in self.unused_references.unwrap_or_default() {
            let message = format!("`references` lists one {reference}, which do not both exist here");
            self.listener.on_event(&Event::Warning { message });
        }
        if let Some(failure) = one_failure(self.refusals) {
            return Err(failure);
        }
        if self.summary.lock_missing {
            let message = "no devdb.lock: a new column that matches a pattern will not be reported".to_owned();
            self.listener.on_event(&Event::Noted { step: "coverage", message });
        }
        Ok(self.summary)
    }
}

/// Returns one failure with the causes and hints of all; `None` if there are none.
fn one_failure(mut all: Vec<Failure>) -> Option<Failure> {
    if all.len() < 2 {
        return all.pop();
    }
    let causes: Vec<String> = all.iter().map(ToString::to_string).collect();
    let mut hints: Vec<String> = all.into_iter().filter_map(|failure| failure.hint).collect();
    hints.dedup();
    let failure = Failure::new(Exit::Leak, causes.join("\n"));
    Some(if hints.is_empty() { failure } else { failure.hint(hints.join("\n")) })
}

/// Keeps the entries that were unused in all databases so far.
fn keep_unused(so_far: &mut Option<BTreeSet<String>>, here: &BTreeSet<String>) {
    *so_far = Some(match so_far.take() {
        Some(before) => before.intersection(here).cloned().collect(),
        None => here.clone(),
    });
}

/// Returns the failure for a database with undecided columns or unproved masks. `suggestions` is YAML that could be
/// added for its undecided columns.
pub fn refusal(database: &str, coverage: &Coverage, suggestions: &str) -> Option<Failure> {
    let mut lines = Vec::new();
    if !coverage.undecided.is_empty() {
        let names: Vec<String> = coverage.undecided.iter().map(Coverage::name_of).collect();
        let verb = if names.len() == 1 { "is" } else { "are" };
        let number = counted(names.len() as u64, "column");
        lines.push(format!("{number} {verb} neither masked nor kept: {}", names.join(", ")));
    }
    lines.extend(coverage.problems.iter().map(|problem| format!("{problem}\n  -> {}", problem.remedy())));
    if lines.is_empty() {
        return None;
    }
    let failure = Failure::new(Exit::Leak, format!("{database} cannot be published\n- {}", lines.join("\n- ")));
    Some(if suggestions.is_empty() { failure } else { failure.hint(suggestions) })
}

fn coverage_event(database: &str, coverage: &Coverage) -> Event {
    let decided =
        coverage.decided.iter().map(|decided| covered(&decided.column, decided.decision.name(), decided.decision.by()));
    let open = coverage.undecided.iter().map(|column| covered(column, "open", String::new()));
    let mut columns: Vec<ColumnCoverage> = decided.chain(open).collect();
    columns.sort_by(|one, other| one.column.cmp(&other.column));
    Event::Coverage { database: database.to_owned(), columns }
}

fn covered(column: &Column, class: &'static str, by: String) -> ColumnCoverage {
    ColumnCoverage { column: Coverage::name_of(column), kind: column.declared.clone(), class, by }
}

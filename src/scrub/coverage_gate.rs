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
    refusal: Option<Failure>,
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
        CoverageGate { masking, key, locks, listener, summary, unused: None, refusal: None }
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
        self.refusal = self.refusal.take().or(refusal);
        self.summary.columns += coverage.decided.len();
        self.summary.masked += coverage.originals().count();
        // An entry that matches in one database is in use.
        let unused = coverage.unused.iter().cloned().collect::<BTreeSet<_>>();
        self.unused = Some(match self.unused.take() {
            Some(before) => before.intersection(&unused).cloned().collect(),
            None => unused,
        });
    }

    /// Warns of unused entries of the configuration, and returns the summary.
    ///
    /// # Errors
    /// The first refusal; `Exit::Leak`.
    pub fn finish(self) -> Result<Summary, Failure> {
        for entry in self.unused.unwrap_or_default() {
            let message = format!("`mask` lists {entry}, which matches no column: correct or remove it");
            self.listener.on_event(&Event::Warning { message });
        }
        if let Some(failure) = self.refusal {
            return Err(failure);
        }
        if self.summary.lock_missing {
            let message = "no devdb.lock: a new column that matches a pattern will not be reported".to_owned();
            self.listener.on_event(&Event::Noted { step: "coverage", message });
        }
        Ok(self.summary)
    }
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

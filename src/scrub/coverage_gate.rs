//! Reads what a database looks like, and refuses one of whose columns nobody has thought.

use crate::error::{Exit, Failure};
use crate::event::{Covered, Event};
use crate::mask::coverage::{Catalog, Coverage};
use crate::mask::lock::{Drift, Lock, drift};
use crate::pg::catalog::Column;

/// What was decided, for reports.
pub fn event(database: &str, coverage: &Coverage) -> Event {
    let decided =
        coverage.decided.iter().map(|decided| covered(&decided.column, decided.class.word(), decided.class.by()));
    let open = coverage.open.iter().map(|column| covered(column, "open", String::new()));
    let mut columns: Vec<Covered> = decided.chain(open).collect();
    columns.sort_by(|one, other| one.column.cmp(&other.column));
    Event::Coverage { database: database.to_owned(), columns }
}

fn covered(column: &Column, class: &'static str, by: String) -> Covered {
    Covered { column: Coverage::name_of(column), kind: column.declared.clone(), class, by }
}

/// Why a database may not be published by these masks; none when it may. `yaml` is what could be added for
/// its open columns.
pub fn refusal(database: &str, coverage: &Coverage, yaml: &str) -> Option<Failure> {
    let mut words = Vec::new();
    if !coverage.open.is_empty() {
        let names: Vec<String> = coverage.open.iter().map(Coverage::name_of).collect();
        let number = names.len();
        let what = if number == 1 { "1 column is".to_owned() } else { format!("{number} columns are") };
        words.push(format!("{what} neither masked nor kept: {}", names.join(", ")));
    }
    words.extend(coverage.problems.iter().map(|problem| format!("{problem}\n  -> {}", problem.remedy())));
    if words.is_empty() {
        return None;
    }
    let failure = Failure::new(Exit::Leak, format!("nobody may see {database} yet\n- {}", words.join("\n- ")));
    Some(if yaml.is_empty() { failure } else { failure.hint(yaml) })
}

/// Why a database may not be published although every column is covered: it is not what the team has seen.
pub fn lock_drift(database: &str, seen: &Lock, catalog: &Catalog) -> Option<Failure> {
    let now = Lock::of(&catalog.columns, &catalog.tables, &catalog.foreign_keys);
    let words: Vec<String> =
        drift(seen, &now).iter().filter(|drift| drift.is_dangerous()).map(Drift::to_string).collect();
    (!words.is_empty()).then(|| {
        Failure::new(Exit::Leak, format!("{database} is not what devdb.lock says\n- {}", words.join("\n- ")))
            .hint("see that each is masked or kept as it should be; then `devdb coverage --from URL --accept`, and commit devdb.lock")
    })
}

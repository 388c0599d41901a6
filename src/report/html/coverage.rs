//! Coverage of every column: one row per table, one cell per column.

use std::collections::BTreeMap;

use askama::Template;

use super::format::{percent, visible};
use super::{Recorded, filters};
use crate::event::{ColumnCoverage, Event};
use crate::units::counted;

/// Classes with their descriptions, in the order of the legend.
const CLASSES: [(&str, &str); 6] = [
    ("open", "no decision in the configuration"),
    ("masked", "by a mask"),
    ("scripted", "by a script"),
    ("kept", "by the configuration"),
    ("computed", "from other columns of its row"),
    ("elsewhere", "of a foreign table"),
];

/// Classes that an entry of the configuration decides.
const CONFIGURED: [&str; 3] = ["masked", "scripted", "kept"];

/// One matrix per database.
#[derive(Template)]
#[template(path = "coverage.html")]
pub struct Coverage {
    databases: Vec<Matrix>,
}

struct Matrix {
    database: String,
    columns: u64,
    shares: Vec<Share>,
    tables: Vec<Row>,
    entries: Vec<Entry>,
}

struct Share {
    class: &'static str,
    meaning: &'static str,
    columns: u64,
    percent: String,
}

struct Row {
    table: String,
    cells: Vec<Cell>,
}

struct Cell {
    name: String,
    kind: String,
    class: &'static str,
    by: String,
    /// Number of the configuration entry that decided, from 1; 0 for none.
    entry: usize,
}

/// An entry of the configuration and the number of columns that it decides. Cells carry its number, since tooltips are
/// not printed.
struct Entry {
    class: &'static str,
    by: String,
    columns: u64,
}

impl Coverage {
    /// Builds the matrices from the recorded events. For a database that was judged twice, the last judgement counts.
    pub fn of(recorded: &[Recorded]) -> Coverage {
        let mut databases: Vec<Matrix> = Vec::new();
        for recorded in recorded {
            if let Event::Coverage { database, columns } = &recorded.event {
                let matrix = Matrix::of(database, columns);
                match databases.iter_mut().find(|known| known.database == matrix.database) {
                    Some(known) => *known = matrix,
                    None => databases.push(matrix),
                }
            }
        }
        Coverage { databases }
    }

    fn total(&self) -> String {
        let columns = self.databases.iter().map(|matrix| matrix.columns).sum();
        let tables: usize = self.databases.iter().map(|matrix| matrix.tables.len()).sum();
        format!("{} of {}", counted(columns, "column"), counted(tables as u64, "table"))
    }
}

impl Matrix {
    fn of(database: &str, columns: &[ColumnCoverage]) -> Matrix {
        let mut numbers: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        let mut entries: Vec<Entry> = Vec::new();
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        let mut tables: Vec<Row> = Vec::new();
        for column in columns {
            let (table, name) = split(&column.column);
            // The other classes follow from the schema; the legend explains them.
            let entry = if column.by.is_empty() || !CONFIGURED.contains(&column.class) {
                0
            } else {
                let number = *numbers.entry((column.class, &column.by)).or_insert_with(|| {
                    entries.push(Entry { class: column.class, by: visible(&column.by), columns: 0 });
                    entries.len()
                });
                entries[number - 1].columns += 1;
                number
            };
            let cell = Cell {
                name: visible(name),
                kind: visible(&column.kind),
                class: column.class,
                by: visible(&column.by),
                entry,
            };
            let at = *places.entry(table).or_insert_with(|| {
                tables.push(Row { table: visible(table), cells: Vec::new() });
                tables.len() - 1
            });
            tables[at].cells.push(cell);
        }
        let shares = CLASSES.iter().map(|(class, meaning)| {
            let of_class = columns.iter().filter(|column| column.class == *class).count();
            let percent = percent(of_class as f64, columns.len() as f64);
            Share { class, meaning, columns: of_class as u64, percent }
        });
        Matrix {
            database: visible(database),
            columns: columns.len() as u64,
            shares: shares.filter(|share| share.columns > 0).collect(),
            tables,
            entries,
        }
    }
}

impl Row {
    fn has_open(&self) -> bool {
        self.cells.iter().any(|cell| cell.class == "open")
    }
}

/// Splits `schema.table.column` into table and column. A dot inside a quoted name belongs to the name.
fn split(column: &str) -> (&str, &str) {
    let mut quoted = false;
    let mut last = None;
    for (at, c) in column.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '.' if !quoted => last = Some(at),
            _ => {}
        }
    }
    last.map_or(("", column), |at| (&column[..at], &column[at + 1..]))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{at, covered, rendered};
    use super::*;

    #[test]
    fn names_are_split_at_the_last_dot_outside_of_quotes() {
        assert_eq!(split("public.users.email"), ("public.users", "email"));
        assert_eq!(split("app.\"a.b\".\"c.\"\"d\""), ("app.\"a.b\"", "\"c.\"\"d\""));
        assert_eq!(split("email"), ("", "email"));
    }

    #[test]
    fn a_cell_shows_its_class_and_its_entry() {
        let columns = vec![
            covered("public.users.id", "kept", "*.id"),
            covered("public.users.email", "masked", "email: *.email"),
            covered("public.users.\"<i>\"", "open", ""),
            covered("public.plans.id", "kept", "*.id"),
        ];
        let coverage = Coverage::of(&[at(0.0, Event::Coverage { database: "app".into(), columns })]);
        let matrix = &coverage.databases[0];
        assert_eq!(matrix.tables.len(), 2);
        let entries: Vec<_> = matrix.entries.iter().map(|entry| (entry.by.as_str(), entry.columns)).collect();
        assert_eq!(entries, [("*.id", 2), ("email: *.email", 1)]);
        assert_eq!(matrix.shares.iter().map(|share| share.class).collect::<Vec<_>>(), ["open", "masked", "kept"]);
        let page = rendered(&coverage);
        assert!(page.contains("title=\"email, text: masked, email: *.email\""), "{page}");
        assert!(page.contains("&#34;&#60;i&#62;&#34;") && !page.contains("<i>"), "{page}");
        assert!(page.contains("3 columns") || page.contains("4 columns"), "{page}");
    }

    #[test]
    fn a_database_that_is_judged_twice_is_shown_once() {
        let seen = |class| Event::Coverage { database: "app".into(), columns: vec![covered("a.b.c", class, "")] };
        let coverage = Coverage::of(&[at(0.0, seen("open")), at(1.0, seen("kept"))]);
        assert_eq!(coverage.databases.len(), 1);
        assert_eq!(coverage.databases[0].shares[0].class, "kept");
    }

    #[test]
    fn no_events_draw_nothing() {
        assert_eq!(rendered(&Coverage::of(&[])).trim(), "");
    }
}

//! What becomes of every column: a row for each table, a cell for each of its columns.

use std::collections::BTreeMap;

use askama::Template;

use super::format::{percent, visible};
use super::{Heard, filters};
use crate::event::{ColumnCoverage, Event};
use crate::units::counted;

/// Classes in the order of the legend, with what they mean.
const CLASSES: [(&str, &str); 6] = [
    ("open", "nobody said what becomes of it"),
    ("masked", "by a mask"),
    ("scripted", "by a script"),
    ("kept", "on purpose"),
    ("computed", "from other columns of its row"),
    ("elsewhere", "of a foreign table"),
];

/// Classes that an entry of the configuration decides.
const CONFIGURED: [&str; 3] = ["masked", "scripted", "kept"];

/// The matrices, one for each database.
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
    /// The number of the entry that decided; 0 for none.
    entry: usize,
}

/// What the configuration says, and for how many columns. Tooltips are not printed, so cells carry numbers.
struct Entry {
    class: &'static str,
    by: String,
    columns: u64,
}

impl Coverage {
    /// The matrices among what was heard; a database that was looked at twice counts as it was last seen.
    pub fn of(heard: &[Heard]) -> Coverage {
        let mut databases: Vec<Matrix> = Vec::new();
        for heard in heard {
            if let Event::Coverage { database, columns } = &heard.event {
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
            // Nobody decided about the others; the legend says why they are what they are.
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

/// Table and column of `schema.table.column`; a dot inside of a quoted name belongs to it.
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
    fn a_name_is_split_at_its_last_dot_outside_of_quotes() {
        assert_eq!(split("public.users.email"), ("public.users", "email"));
        assert_eq!(split("app.\"a.b\".\"c.\"\"d\""), ("app.\"a.b\"", "\"c.\"\"d\""));
        assert_eq!(split("email"), ("", "email"));
    }

    #[test]
    fn a_cell_says_its_class_and_who_decided() {
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
    fn a_database_that_is_looked_at_twice_is_shown_once() {
        let seen = |class| Event::Coverage { database: "app".into(), columns: vec![covered("a.b.c", class, "")] };
        let coverage = Coverage::of(&[at(0.0, seen("open")), at(1.0, seen("kept"))]);
        assert_eq!(coverage.databases.len(), 1);
        assert_eq!(coverage.databases[0].shares[0].class, "kept");
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        assert_eq!(rendered(&Coverage::of(&[])).trim(), "");
    }
}

//! Masked tables, the largest first.

use askama::Template;

use super::format::{percent, visible};
use super::{Recorded, filters};
use crate::event::Event;
use crate::units::counted;

/// The tables and a summary per method.
#[derive(Template)]
#[template(path = "tables.html")]
pub struct Tables {
    rows: Vec<Row>,
    methods: Vec<Method>,
    several: bool,
}

struct Row {
    database: String,
    table: String,
    masks: Vec<(String, &'static str)>,
    method: &'static str,
    why: Option<String>,
    already: bool,
    rows: u64,
    bytes: (u64, u64),
    seconds: f64,
    /// Widths of the bars.
    before: String,
    after: String,
}

#[derive(Default)]
struct Method {
    name: &'static str,
    tables: u64,
    rows: u64,
    bytes: (u64, u64),
    seconds: f64,
    share: String,
}

impl Tables {
    /// Collects the tables from the recorded events.
    pub fn of(recorded: &[Recorded]) -> Tables {
        let mut rows: Vec<Row> = recorded.iter().filter_map(|recorded| row(&recorded.event)).collect();
        rows.sort_by(|one, other| other.bytes.0.cmp(&one.bytes.0).then_with(|| one.table.cmp(&other.table)));
        let longest = rows.iter().map(|row| row.bytes.0.max(row.bytes.1)).max().unwrap_or(0) as f64;
        for row in &mut rows {
            row.before = percent(row.bytes.0 as f64, longest);
            row.after = percent(row.bytes.1 as f64, longest);
        }
        let several = rows.iter().any(|row| row.database != rows[0].database);
        Tables { methods: methods(&rows), rows, several }
    }

    fn total(&self) -> String {
        let rows = self.rows.iter().map(|row| row.rows).sum();
        format!("{}, {}", counted(self.rows.len() as u64, "table"), counted(rows, "row"))
    }
}

fn row(event: &Event) -> Option<Row> {
    let Event::TableMasked { database, table, masks, method, why, rows, bytes_before, bytes_after, seconds, already } =
        event
    else {
        return None;
    };
    Some(Row {
        database: visible(database),
        table: visible(table),
        masks: masks.iter().map(|mask| (visible(&mask.column), mask.mask)).collect(),
        method,
        why: why.clone(),
        already: *already,
        rows: *rows,
        bytes: (*bytes_before, *bytes_after),
        seconds: *seconds,
        before: String::new(),
        after: String::new(),
    })
}

/// Summarizes the methods, the one with most bytes first.
fn methods(rows: &[Row]) -> Vec<Method> {
    let mut methods: Vec<Method> = Vec::new();
    for row in rows {
        let at = methods.iter().position(|method| method.name == row.method).unwrap_or_else(|| {
            methods.push(Method { name: row.method, ..Method::default() });
            methods.len() - 1
        });
        let method = &mut methods[at];
        method.tables += 1;
        method.rows += row.rows;
        method.bytes = (method.bytes.0 + row.bytes.0, method.bytes.1 + row.bytes.1);
        method.seconds += row.seconds;
    }
    let whole: u64 = methods.iter().map(|method| method.bytes.0).sum();
    methods.iter_mut().for_each(|method| method.share = percent(method.bytes.0 as f64, whole as f64));
    methods.sort_by_key(|method| std::cmp::Reverse(method.bytes.0));
    methods
}

#[cfg(test)]
mod tests {
    use super::super::tests::{at, masked, rendered};
    use super::*;

    #[test]
    fn the_biggest_table_comes_first_and_bars_are_to_scale() {
        let recorded = [
            at(1.0, masked("app", "public.small", "rewrite", 1_000_000)),
            at(2.0, masked("app", "public.big", "update", 4_000_000)),
        ];
        let tables = Tables::of(&recorded);
        assert_eq!(
            tables.rows.iter().map(|row| row.table.as_str()).collect::<Vec<_>>(),
            ["public.big", "public.small"]
        );
        assert_eq!((tables.rows[1].before.as_str(), tables.rows[1].after.as_str()), ("25.000", "12.500"));
        assert_eq!(tables.methods.iter().map(|method| method.name).collect::<Vec<_>>(), ["update", "rewrite"]);
        assert_eq!(tables.methods[0].share, "80.000");
        assert!(!tables.several);
    }

    #[test]
    fn names_are_escaped_and_databases_told_apart() {
        let recorded = [
            at(1.0, masked("한글 DB", "public.\"</script><b>\n\"", "rewrite", 0)),
            at(2.0, masked("other", "public.t", "rewrite", 0)),
        ];
        let page = rendered(&Tables::of(&recorded));
        assert!(page.contains("public.&#34;&#60;/script&#62;&#60;b&#62;␊&#34;"), "{page}");
        assert!(page.contains("한글 DB") && !page.contains("<b>␊"), "{page}");
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        assert_eq!(rendered(&Tables::of(&[])).trim(), "");
    }
}

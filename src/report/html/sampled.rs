//! Copied tables, the largest first.

use askama::Template;

use super::format::{percent, visible};
use super::{Recorded, filters};
use crate::event::Event;
use crate::units::{counted, size};

/// The tables of a sample.
#[derive(Template)]
#[template(path = "sampled.html")]
pub struct Sampled {
    rows: Vec<Row>,
}

struct Row {
    table: String,
    rows: u64,
    bytes: u64,
    /// Width of the bar.
    share: String,
}

impl Sampled {
    /// Collects the tables from the recorded events.
    pub fn of(recorded: &[Recorded]) -> Sampled {
        let mut rows: Vec<Row> = recorded
            .iter()
            .filter_map(|recorded| match &recorded.event {
                Event::TableSampled { table, rows, bytes } => {
                    Some(Row { table: visible(table), rows: *rows, bytes: *bytes, share: String::new() })
                }
                _ => None,
            })
            .collect();
        rows.sort_by(|one, other| other.bytes.cmp(&one.bytes).then_with(|| one.table.cmp(&other.table)));
        let longest = rows.first().map_or(0, |row| row.bytes) as f64;
        rows.iter_mut().for_each(|row| row.share = percent(row.bytes as f64, longest));
        Sampled { rows }
    }

    fn total(&self) -> String {
        let rows = self.rows.iter().map(|row| row.rows).sum();
        let size = size(self.rows.iter().map(|row| row.bytes).sum());
        format!("{}, {}, {size}", counted(self.rows.len() as u64, "table"), counted(rows, "row"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{at, rendered};
    use super::*;

    #[test]
    fn the_largest_table_comes_first_and_names_are_escaped() {
        let table = |table: &str, bytes| Event::TableSampled { table: table.into(), rows: 2, bytes };
        let recorded = [at(1.0, table("app.<b>", 1_000)), at(2.0, table("app.주문", 4_000))];
        let sampled = Sampled::of(&recorded);
        assert_eq!((sampled.rows[0].table.as_str(), sampled.rows[1].share.as_str()), ("app.주문", "25.000"));
        let page = rendered(&sampled);
        assert!(page.contains("2 tables, 4 rows") && page.contains("app.&#60;b&#62;"), "{page}");
        assert_eq!(rendered(&Sampled::of(&[])).trim(), "");
    }
}

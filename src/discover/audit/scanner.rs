//! The detectors over rows as they pass by.

use std::collections::BTreeSet;

use crate::config::TablePath;
use crate::discover::audit::copy_binary;
use crate::discover::audit::copy_binary::Form;
use crate::discover::audit::copy_text;
use crate::discover::audit::{Exemptions, Finding, Sight};
use crate::discover::detect;
use crate::discover::detect::{Domains, Kind};
use crate::pg::catalog::Column;

/// Counts what the values of the columns of one table look like.
pub struct Watch<'a> {
    table: TablePath,
    columns: Vec<String>,
    domains: &'a Domains,
    /// For each column, the kinds that are no finding in it.
    spare: Vec<BTreeSet<Kind>>,
    counts: Vec<[u64; Kind::ALL.len()]>,
    rows: Rows,
}

/// Rows in the form in which they are copied.
enum Rows {
    Text(copy_text::Rows),
    Binary(copy_binary::Rows),
}

impl<'a> Watch<'a> {
    /// Of these columns, in the order in which rows in text form have them.
    pub(super) fn new(table: &TablePath, columns: &[(String, Sight)], spared: &'a Exemptions) -> Watch<'a> {
        let (names, sights) = columns.iter().cloned().unzip();
        Watch::over(Rows::Text(copy_text::Rows::new(sights)), table, names, spared)
    }

    /// Of rows that have these columns, in this order, in binary form or in text form. Those are looked at that
    /// [`may_hold_text`].
    pub fn of_rows(table: &TablePath, columns: &[&Column], binary: bool, spared: &'a Exemptions) -> Watch<'a> {
        let form = |column: &&Column| Form::of(column, may_hold_text(column)).unwrap_or(Form::RAW);
        let rows = if binary {
            Rows::Binary(copy_binary::Rows::new(columns.iter().map(form).collect()))
        } else {
            Rows::Text(copy_text::Rows::new(columns.iter().map(|column| sight(column)).collect()))
        };
        Watch::over(rows, table, columns.iter().map(|column| column.name.clone()).collect(), spared)
    }

    fn over(rows: Rows, table: &TablePath, columns: Vec<String>, spared: &'a Exemptions) -> Watch<'a> {
        let spare = columns.iter().map(|name| spared.columns.get(&(table.clone(), name.clone())));
        Watch {
            table: table.clone(),
            spare: spare.map(|kinds| kinds.cloned().unwrap_or_default()).collect(),
            domains: &spared.domains,
            counts: vec![[0; Kind::ALL.len()]; columns.len()],
            columns,
            rows,
        }
    }

    /// Takes a piece of what `COPY … TO STDOUT` gives.
    pub fn feed(&mut self, piece: &[u8]) {
        let (counts, spare, domains) = (&mut self.counts, &self.spare, self.domains);
        let look = |column: usize, text: &str| {
            let (Some(count), Some(spare)) = (counts.get_mut(column), spare.get(column)) else { return };
            let mut seen = [false; Kind::ALL.len()];
            detect::visit(text, &mut |found| {
                let harmless = found.domain(text).is_some_and(|domain| domains.contain(domain));
                if !harmless && !spare.contains(&found.kind) {
                    seen[found.kind as usize] = true;
                }
            });
            seen.iter().zip(count).filter(|(seen, _)| **seen).for_each(|(_, count)| *count += 1);
        };
        match &mut self.rows {
            Rows::Text(rows) => rows.feed(piece, look),
            Rows::Binary(rows) => rows.feed(piece, look),
        }
    }

    /// How many rows were read.
    pub fn count(&self) -> u64 {
        match &self.rows {
            Rows::Text(rows) => rows.count(),
            Rows::Binary(rows) => rows.count(),
        }
    }

    /// What was found.
    pub fn findings(&self) -> Vec<Finding> {
        let finding = |(column, kind, rows): (&String, Kind, u64)| Finding {
            schema: self.table.schema.clone(),
            table: self.table.table.clone(),
            column: column.clone(),
            kind,
            rows,
            of: self.count(),
        };
        let all =
            self.columns.iter().zip(&self.counts).flat_map(|(column, counts)| {
                Kind::ALL.into_iter().map(move |kind| (column, kind, counts[kind as usize]))
            });
        all.filter(|(.., rows)| *rows > 0).map(finding).collect()
    }
}

fn sight(column: &Column) -> Sight {
    match (may_hold_text(column), column.array) {
        (false, _) => Sight::None,
        (true, false) => Sight::Plain,
        (true, true) => Sight::Array,
    }
}

/// Whether rows with a column can be looked at in binary form.
pub fn is_seen_in_binary(column: &Column) -> bool {
    Form::of(column, may_hold_text(column)).is_some()
}

/// Whether values of a column are looked at: numbers, times, ranges of these, enums, UUIDs and bytes are not.
fn may_hold_text(column: &Column) -> bool {
    const OTHERS: [&str; 26] = [
        "int2",
        "int4",
        "int8",
        "float4",
        "float8",
        "numeric",
        "money",
        "oid",
        "bool",
        "date",
        "time",
        "timetz",
        "timestamp",
        "timestamptz",
        "interval",
        "point",
        "line",
        "lseg",
        "box",
        "path",
        "polygon",
        "circle",
        "bytea",
        "uuid",
        "bit",
        "varbit",
    ];
    let base = &column.base;
    let is_range = matches!(base.form, 'r' | 'm');
    !(base.form == 'e' || (base.schema == "pg_catalog" && (is_range || OTHERS.contains(&base.name.as_str()))))
}

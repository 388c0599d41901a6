//! The detectors over rows in a COPY format.

use std::collections::BTreeSet;

use super::copy_binary::{BinaryFormat, BinaryRows};
use super::copy_text::{TextFormat, TextRows};
use super::{Detection, Exemptions};
use crate::config::TablePath;
use crate::discover::detect::{self, Domains, Kind};
use crate::pg;
use crate::pg::catalog::Column;

/// Counts, for each column of one table, the rows in which each detector finds something.
pub struct RowScanner<'a> {
    table: TablePath,
    columns: Vec<String>,
    domains: &'a Domains,
    /// For each column, the kinds that are exempt in it.
    exempt: Vec<BTreeSet<Kind>>,
    counts: Vec<[u64; Kind::ALL.len()]>,
    rows: Rows,
}

enum Rows {
    Text(TextRows),
    Binary(BinaryRows),
}

impl<'a> RowScanner<'a> {
    /// A scanner of rows in text format that have exactly these columns.
    pub(super) fn for_text(
        table: &TablePath,
        columns: &[(String, TextFormat)],
        exemptions: &'a Exemptions,
    ) -> RowScanner<'a> {
        let (names, formats) = columns.iter().cloned().unzip();
        RowScanner::over(Rows::Text(TextRows::new(formats)), table, names, exemptions)
    }

    /// A scanner of rows that have these columns, in this order, in binary or text format. It scans the columns that
    /// [`may_hold_text`].
    pub fn for_columns(
        table: &TablePath,
        columns: &[&Column],
        binary: bool,
        exemptions: &'a Exemptions,
    ) -> RowScanner<'a> {
        let rows = if binary {
            let format = |column: &&Column| binary_format(column).unwrap_or(BinaryFormat::RAW);
            Rows::Binary(BinaryRows::new(columns.iter().map(format).collect()))
        } else {
            Rows::Text(TextRows::new(columns.iter().map(|column| text_format(column)).collect()))
        };
        RowScanner::over(rows, table, columns.iter().map(|column| column.name.clone()).collect(), exemptions)
    }

    fn over(rows: Rows, table: &TablePath, columns: Vec<String>, exemptions: &'a Exemptions) -> RowScanner<'a> {
        let exempt = columns.iter().map(|name| exemptions.columns.get(&(table.clone(), name.clone())));
        RowScanner {
            table: table.clone(),
            exempt: exempt.map(|kinds| kinds.cloned().unwrap_or_default()).collect(),
            domains: &exemptions.domains,
            counts: vec![[0; Kind::ALL.len()]; columns.len()],
            columns,
            rows,
        }
    }

    /// Scans a piece of the output of `COPY … TO STDOUT`.
    ///
    /// # Errors
    /// [`pg::Error::MalformedCopy`]
    pub fn feed(&mut self, piece: &[u8]) -> pg::Result<()> {
        let (counts, exempt, domains) = (&mut self.counts, &self.exempt, self.domains);
        let on_value = |column: usize, text: &str| {
            let (Some(counts), Some(exempt)) = (counts.get_mut(column), exempt.get(column)) else { return };
            let mut detected = [false; Kind::ALL.len()];
            detect::visit(text, &mut |found| {
                let harmless = found.domain(text).is_some_and(|domain| domains.contain(domain));
                if !harmless && !exempt.contains(&found.kind) {
                    detected[found.kind as usize] = true;
                }
            });
            detected.iter().zip(counts).filter(|(detected, _)| **detected).for_each(|(_, count)| *count += 1);
        };
        match &mut self.rows {
            Rows::Text(rows) => {
                rows.feed(piece, on_value);
                Ok(())
            }
            Rows::Binary(rows) => rows.feed(piece, on_value),
        }
    }

    /// Returns what was detected, after the last piece.
    ///
    /// # Errors
    /// [`pg::Error::MalformedCopy`] if the stream was cut off.
    pub fn finish(self) -> pg::Result<Vec<Detection>> {
        let of = match &self.rows {
            Rows::Text(rows) => rows.count(),
            Rows::Binary(rows) => rows.finish()?,
        };
        let mut detections = Vec::new();
        for (column, counts) in self.columns.iter().zip(&self.counts) {
            for kind in Kind::ALL {
                let rows = counts[kind as usize];
                if rows > 0 {
                    let (schema, table) = (self.table.schema.clone(), self.table.table.clone());
                    detections.push(Detection { schema, table, column: column.clone(), kind, rows, of });
                }
            }
        }
        Ok(detections)
    }
}

fn text_format(column: &Column) -> TextFormat {
    match (may_hold_text(column), column.array) {
        (false, _) => TextFormat::Skipped,
        (true, false) => TextFormat::Plain,
        (true, true) => TextFormat::Array,
    }
}

fn binary_format(column: &Column) -> Option<BinaryFormat> {
    BinaryFormat::of(column, may_hold_text(column))
}

/// Whether the values of a column can be scanned in binary format, or need not be scanned.
pub fn is_scannable_in_binary(column: &Column) -> bool {
    binary_format(column).is_some()
}

/// Whether the values of a column are scanned: numbers, times, ranges of these, enums, UUIDs and bytes are not.
fn may_hold_text(column: &Column) -> bool {
    const WITHOUT_TEXT: [&str; 26] = [
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
    !(base.form == 'e' || (base.schema == "pg_catalog" && (is_range || WITHOUT_TEXT.contains(&base.name.as_str()))))
}

//! The detectors over rows as they pass by.

use std::collections::BTreeSet;

use super::copied::Rows;
use super::{Finding, Spared};
use crate::config::TablePath;
use crate::mask::detect::{self, Domains, Kind};
use crate::pg::catalog::Column;

/// Characters of a value that are read: it is held in memory.
const LONGEST: usize = 4_000_000;

/// Counts what the values of some columns of one table look like.
pub struct Watch<'a> {
    table: TablePath,
    columns: Vec<String>,
    domains: &'a Domains,
    /// For each column, the kinds that are no finding in it.
    spare: Vec<BTreeSet<Kind>>,
    counts: Vec<[u64; Kind::ALL.len()]>,
    rows: Rows,
}

impl<'a> Watch<'a> {
    /// Of these columns, in the order in which the rows have them.
    pub fn new(table: &TablePath, columns: Vec<String>, spared: &'a Spared) -> Watch<'a> {
        let spare = columns.iter().map(|name| spared.columns.get(&(table.clone(), name.clone())));
        Watch {
            table: table.clone(),
            spare: spare.map(|kinds| kinds.cloned().unwrap_or_default()).collect(),
            domains: &spared.domains,
            counts: vec![[0; Kind::ALL.len()]; columns.len()],
            columns,
            rows: Rows::default(),
        }
    }

    /// The SQL that gives a value as it is looked at.
    pub fn value(sql: &str) -> String {
        format!("pg_catalog.left(({sql})::pg_catalog.text, {LONGEST})")
    }

    /// Takes a piece of `COPY … TO STDOUT` in its text form.
    pub fn feed(&mut self, piece: &[u8]) {
        let (counts, spare, domains) = (&mut self.counts, &self.spare, self.domains);
        self.rows.feed(piece, |column, text| {
            let (Some(count), Some(spare)) = (counts.get_mut(column), spare.get(column)) else { return };
            let mut seen = [false; Kind::ALL.len()];
            detect::visit(text, &mut |found| {
                let harmless = found.domain(text).is_some_and(|domain| domains.contain(domain));
                if !harmless && !spare.contains(&found.kind) {
                    seen[found.kind as usize] = true;
                }
            });
            seen.iter().zip(count).filter(|(seen, _)| **seen).for_each(|(_, count)| *count += 1);
        });
    }

    /// What was found.
    pub fn findings(&self) -> Vec<Finding> {
        let finding = |(column, kind, rows): (&String, Kind, u64)| Finding {
            schema: self.table.schema.clone(),
            table: self.table.table.clone(),
            column: column.clone(),
            kind,
            rows,
            of: self.rows.count(),
        };
        let all =
            self.columns.iter().zip(&self.counts).flat_map(|(column, counts)| {
                Kind::ALL.into_iter().map(move |kind| (column, kind, counts[kind as usize]))
            });
        all.filter(|(.., rows)| *rows > 0).map(finding).collect()
    }
}

/// Whether values of a column are looked at: numbers, times, enums, UUIDs and bytes are not.
pub fn may_hold_text(column: &Column) -> bool {
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
    !(base.form == 'e' || (base.schema == "pg_catalog" && OTHERS.contains(&base.name.as_str())))
}

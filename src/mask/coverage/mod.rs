//! Coverage: every column of every table is masked or kept on purpose. Pure: what the configuration says
//! and what the catalog says go in; a class for each column comes out, with what is open and what is wrong.
//!
//! Which entry of the configuration counts: a column's full name goes before names with `*`; among
//! those, masks go before `scripted`, and that before `keep`; last come the types of `keep_types`.
//! Partitions and columns that a table inherits are what the table above them is.

mod class;
mod follow;
mod problem;
mod work;

use std::collections::{BTreeMap, BTreeSet};

use crate::config::{Masking, TablePath};
use crate::pg::catalog::{self, Column, ForeignKey, Form, Table};
use crate::pg::{self, Session};

pub use class::{Class, kept_type, word};
pub use problem::Problem;
pub use work::{Masked, Work, work};

/// What a database's catalog says.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    /// All columns; of partitions too.
    pub columns: Vec<Column>,
    /// All tables.
    pub tables: Vec<Table>,
    /// Declared foreign keys.
    pub foreign_keys: Vec<ForeignKey>,
}

impl Catalog {
    /// Reads the catalog of the session's database.
    ///
    /// # Errors
    /// Server errors.
    pub async fn read(session: &Session) -> pg::Result<Catalog> {
        Ok(Catalog {
            columns: catalog::columns(session).await?,
            tables: catalog::tables(session).await?,
            foreign_keys: catalog::foreign_keys(session).await?,
        })
    }
}

/// A column and what becomes of it.
#[derive(Clone, Debug)]
pub struct Decided {
    /// The column.
    pub column: Column,
    /// What becomes of it.
    pub class: Class,
}

/// What becomes of every column of a database.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// Columns of tables, without those that are decided by a table above theirs.
    pub decided: Vec<Decided>,
    /// Those of which nothing is said.
    pub open: Vec<Column>,
    /// Columns of partitions and inherited ones, by the table above in whose place they stand.
    pub below: BTreeMap<(TablePath, String), Vec<Column>>,
    /// What cannot be.
    pub problems: Vec<Problem>,
    /// Entries of the configuration that name one column which is not in this database.
    pub unused: BTreeSet<String>,
}

impl Coverage {
    /// Nothing is open and nothing is wrong.
    pub fn is_complete(&self) -> bool {
        self.open.is_empty() && self.problems.is_empty()
    }
}

/// Decides about every column.
pub fn decide(masking: &Masking, catalog: &Catalog) -> Coverage {
    let above = Above::of(catalog);
    let mut coverage = Coverage { unused: class::exact_names(masking), ..Coverage::default() };
    let mut heirs = Vec::new();
    for column in &catalog.columns {
        let tops = above.tops(column);
        if let Some(top) = tops.first().cloned() {
            coverage.below.entry((top, column.name.clone())).or_default().push(column.clone());
            if tops.len() > 1 {
                heirs.push((column, tops));
            }
            continue;
        }
        let foreign = above.forms.get(&path(column)) == Some(&Form::Foreign);
        match class::class(masking, column, foreign, &mut coverage.unused) {
            Ok(Some(class)) => coverage.decided.push(Decided { column: column.clone(), class }),
            Ok(None) => coverage.open.push(column.clone()),
            Err(problem) => coverage.problems.push(problem),
        }
    }
    follow::follow(&mut coverage, &masking.references, catalog, &above);
    for (column, tops) in heirs {
        let rule = |top: &TablePath| {
            let is_it = |one: &&Decided| path(&one.column) == *top && one.column.name == column.name;
            coverage.decided.iter().find(is_it).and_then(|one| one.class.rule())
        };
        if tops.iter().any(|top| rule(top) != rule(&tops[0])) {
            let (column, from) = (column.path(), tops.iter().map(ToString::to_string).collect());
            coverage.problems.push(Problem::Heir { column, from });
        }
    }
    coverage
}

fn path(column: &Column) -> TablePath {
    TablePath { schema: column.schema.clone(), table: column.table.clone() }
}

/// Which table a column is decided by.
struct Above {
    forms: BTreeMap<TablePath, Form>,
    parents: BTreeMap<TablePath, Vec<TablePath>>,
    columns: BTreeSet<(TablePath, String)>,
}

impl Above {
    fn of(catalog: &Catalog) -> Self {
        let own = |table: &Table| TablePath { schema: table.schema.clone(), table: table.name.clone() };
        let parents = |table: &Table| {
            let parent =
                |(schema, table): &(String, String)| TablePath { schema: schema.clone(), table: table.clone() };
            table.parents.iter().map(parent).collect()
        };
        Above {
            forms: catalog.tables.iter().map(|table| (own(table), table.form)).collect(),
            parents: catalog.tables.iter().map(|table| (own(table), parents(table))).collect(),
            columns: catalog.columns.iter().map(|column| (path(column), column.name.clone())).collect(),
        }
    }

    /// The topmost tables that pass this column down, in the order of the parents; none when it is the table's own.
    fn tops(&self, column: &Column) -> Vec<TablePath> {
        let (mut tops, mut seen) = (Vec::new(), BTreeSet::new());
        let mut open = vec![path(column)];
        while let Some(here) = open.pop() {
            let has_it = |parent: &&TablePath| self.columns.contains(&((*parent).clone(), column.name.clone()));
            let mut parents: Vec<TablePath> =
                self.parents.get(&here).into_iter().flatten().filter(has_it).cloned().collect();
            if parents.is_empty() && here != path(column) {
                tops.push(here);
                continue;
            }
            parents.retain(|parent| seen.insert(parent.clone()));
            open.extend(parents.into_iter().rev());
        }
        tops
    }

    /// The table that decides about a column; none when it is the table's own.
    fn of_column(&self, column: &Column) -> Option<TablePath> {
        self.tops(column).into_iter().next()
    }

    /// The table that decides about a column of a table.
    fn top(&self, table: &TablePath, column: &str, catalog: &Catalog) -> TablePath {
        let found = catalog.columns.iter().find(|one| path(one) == *table && one.name == column);
        found.and_then(|column| self.of_column(column)).unwrap_or_else(|| table.clone())
    }
}

#[cfg(test)]
mod tests;

//! The rows that a sample starts from.

use serde::Serialize;

use crate::config::{Extent, TablePath};

use super::error::{Result, SampleError};
use super::graph::{Graph, Identity, Table, Term};
use super::key_set::{Keys, Kind, Value};
use super::query::{self, Ask};

/// Keys that a message names.
const SHOWN: usize = 20;

/// Rows of one table to start from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Seeds {
    /// The table.
    pub table: TablePath,
    /// Which of its rows.
    pub filter: SeedFilter,
}

/// Which rows of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SeedFilter {
    /// Those with one of these values, as text.
    Keys {
        /// The column; the primary key when none.
        column: Option<String>,
        /// The values.
        values: Vec<String>,
    },
    /// Those that fulfil a condition in SQL, the first of them by key.
    Where {
        /// The condition.
        condition: String,
        /// How many; all when none.
        limit: Option<u64>,
    },
}

/// A query for seed rows, and which of the given values it has to find.
pub(super) struct Search {
    pub table: usize,
    pub ask: Ask,
    /// The slot that holds the value, and the values as the source writes them, each with what was given.
    pub wanted: Option<(usize, Vec<(Value, String)>)>,
}

/// Makes the query. The graph's slots are laid: a column that seeds are named by gets one when it has none.
pub(super) fn search(graph: &mut Graph, seeds: &Seeds) -> Result<Search> {
    let unknown = |what: String| SampleError::UnknownName { place: "the seed".into(), what };
    let at = graph.table(&seeds.table).ok_or_else(|| unknown(format!("the table {}", seeds.table)))?;
    let table = &mut graph.tables[at];
    if table.extent == Some(Extent::None) {
        return Err(SampleError::Invalid {
            what: format!("{} has seed rows and is configured as `none`", table.path),
            remedy: "remove one of the two".into(),
        });
    }
    let relation = table.relation();
    let (column, values) = match &seeds.filter {
        SeedFilter::Where { condition, limit } => {
            let mut sql = query::select(table, &relation, &[format!("({condition}\n)")], None);
            if let Some(limit) = limit {
                sql = format!("{sql} ORDER BY {} LIMIT {limit}", table.identity.order());
            }
            return Ok(Search { table: at, ask: Ask { sql, parameters: Vec::new(), by_index: false }, wanted: None });
        }
        SeedFilter::Keys { column, values } => (column, values),
    };
    let term = key(table, column.as_deref(), &unknown)?;
    let slot = table.slot(&term, None, None);
    let not_a_value = |given: &String| SampleError::Invalid {
        what: format!("{given:?} cannot be a value of {}.{}", table.path, term.name),
        remedy: "name rows by values of its type, or with `--where`".into(),
    };
    let carried = |given: &String| {
        let given = given.trim();
        term.compare.carry(Value::Text(given.to_owned())).map(|value| (value, given.to_owned()))
    };
    let wanted: Vec<(Value, String)> =
        values.iter().map(|given| carried(given).ok_or_else(|| not_a_value(given))).collect::<Result<_>>()?;
    let arrays = super::key_set::columns(&[term.kind()], wanted.iter().map(|(value, _)| vec![value.clone()]));
    let condition = query::among(std::slice::from_ref(&term), &query::places(&arrays), true);
    let sql = query::select(table, &relation, &[condition], None);
    Ok(Search { table: at, ask: Ask { sql, parameters: arrays, by_index: false }, wanted: Some((slot, wanted)) })
}

/// The column that rows are named by.
pub(super) fn key(table: &Table, column: Option<&str>, unknown: &dyn Fn(String) -> SampleError) -> Result<Term> {
    match (column, &table.identity) {
        (Some(name), _) => table.term(name).ok_or_else(|| unknown(format!("the column {name} of {}", table.path))),
        (None, Identity::Columns(terms)) if terms.len() == 1 => {
            table.term(&terms[0].name).ok_or_else(|| unknown(format!("the key of {}", table.path)))
        }
        (None, _) => Err(SampleError::Invalid {
            what: format!("{} has no key of one column", table.path),
            remedy: "for the root table say by `sample.key` which column names its rows, or use `--where`; rows of \
                     other tables are named by a key of one column"
                .into(),
        }),
    }
}

impl Search {
    /// An empty set for the values that are found.
    pub fn found(&self) -> Keys {
        let first = self.wanted.as_ref().and_then(|(_, wanted)| wanted.first());
        Keys::new(&[if matches!(first, Some((Value::Int(_), _))) { Kind::Int } else { Kind::Text }])
    }

    /// Complains about what was asked for and not found.
    pub fn must_be_complete(&self, path: &TablePath, found: &Keys) -> Result<()> {
        let Some((_, wanted)) = &self.wanted else { return Ok(()) };
        let is_missing = |value: &Value| !found.contains(std::slice::from_ref(value));
        let missing: Vec<&str> =
            wanted.iter().filter(|(value, _)| is_missing(value)).map(|(_, given)| given.as_str()).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let more = missing.len().saturating_sub(SHOWN);
        let mut shown = missing[..missing.len() - more].join(", ");
        if more > 0 {
            shown = format!("{shown} and {more} more");
        }
        Err(SampleError::MissingRows { table: path.clone(), missing: shown })
    }
}

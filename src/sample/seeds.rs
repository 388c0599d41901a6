//! The rows that a sample starts from.

use serde::Serialize;

use crate::config::{Extent, TablePath};

use super::error::{Result, SampleError};
use super::graph::{Graph, GraphTable, RowIdentity, Term};
use super::key_set::{KeySet, KeyType, KeyValue, to_arrays};
use super::query::{self, RowQuery};

/// The number of keys that a message names.
const SHOWN: usize = 20;

/// Seed rows of one table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Seeds {
    /// The table.
    pub table: TablePath,
    /// Which of its rows.
    pub filter: SeedFilter,
}

/// Which rows of a table are seed rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SeedFilter {
    /// Those with one of these values, given as text.
    Keys {
        /// The column; `None` means the primary key.
        column: Option<String>,
        /// The values.
        values: Vec<String>,
    },
    /// Those that match an SQL condition, ordered by key.
    Where {
        /// The condition.
        condition: String,
        /// The most rows; `None` means all.
        limit: Option<u64>,
    },
}

/// A query for seed rows, and the values that it must find.
pub(super) struct SeedQuery {
    /// The index of the table.
    pub table: usize,
    /// The query.
    pub rows: RowQuery,
    /// The slot of the values, and each value in the source's form with its text as given.
    pub expected: Option<(usize, Vec<(KeyValue, String)>)>,
}

/// Returns the query for seed rows. A column by which seed rows are named gets a slot if it has none.
pub(super) fn query(graph: &mut Graph, seeds: &Seeds) -> Result<SeedQuery> {
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
            let rows = RowQuery { sql, parameters: Vec::new(), by_index: false };
            return Ok(SeedQuery { table: at, rows, expected: None });
        }
        SeedFilter::Keys { column, values } => (column, values),
    };
    let term = key_term(table, column.as_deref(), &unknown)?;
    let slot = table.slot(&term, None, None);
    let expected: Vec<(KeyValue, String)> =
        values.iter().map(|given| key_value(table, &term, given.trim())).collect::<Result<_>>()?;
    let arrays = to_arrays(&[term.key_type()], expected.iter().map(|(value, _)| vec![value.clone()]));
    let condition = query::is_among(std::slice::from_ref(&term), &query::placeholders(&arrays), true);
    let sql = query::select(table, &relation, &[condition], None);
    let rows = RowQuery { sql, parameters: arrays, by_index: false };
    Ok(SeedQuery { table: at, rows, expected: Some((slot, expected)) })
}

/// Converts a value given as text, and returns it with the text.
fn key_value(table: &GraphTable, term: &Term, given: &str) -> Result<(KeyValue, String)> {
    let value = term.comparison.convert(KeyValue::Text(given.to_owned()));
    value.map(|value| (value, given.to_owned())).ok_or_else(|| SampleError::Invalid {
        what: format!("{given:?} cannot be a value of {}.{}", table.path, term.name),
        remedy: "name rows by values of its type, or with `--where`".into(),
    })
}

/// Returns the term of the column by which rows are named: the given one, or the key.
pub(super) fn key_term(
    table: &GraphTable,
    column: Option<&str>,
    unknown: &dyn Fn(String) -> SampleError,
) -> Result<Term> {
    match (column, &table.identity) {
        (Some(name), _) => table.term(name).ok_or_else(|| unknown(format!("the column {name} of {}", table.path))),
        (None, RowIdentity::Columns(terms)) if terms.len() == 1 => {
            table.term(&terms[0].name).ok_or_else(|| unknown(format!("the key of {}", table.path)))
        }
        (None, _) => Err(SampleError::Invalid {
            what: format!("{} has no key of one column", table.path),
            remedy:
                "for the root table, set `sample.key` to the column that names its rows, or use `--where`; rows of \
                     other tables can only be named by a key of one column"
                    .into(),
        }),
    }
}

impl SeedQuery {
    /// Returns an empty set for the values that are found.
    pub fn empty_set(&self) -> KeySet {
        let first = self.expected.as_ref().and_then(|(_, expected)| expected.first());
        KeySet::new(&[if matches!(first, Some((KeyValue::Int(_), _))) { KeyType::Int } else { KeyType::Text }])
    }

    /// Fails if a value was not found, and names the missing ones.
    pub fn check_complete(&self, path: &TablePath, found: &KeySet) -> Result<()> {
        let Some((_, expected)) = &self.expected else { return Ok(()) };
        let is_missing = |value: &KeyValue| !found.contains(std::slice::from_ref(value));
        let missing: Vec<&str> =
            expected.iter().filter(|(value, _)| is_missing(value)).map(|(_, given)| given.as_str()).collect();
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

//! Edges of the graph: from referencing rows to referenced rows.

use crate::config::TablePath;
use crate::sample::key_set::{KeyType, KeyValue};

use super::term::Term;

/// A foreign key, declared in the database or configured.
#[derive(Clone, Debug)]
pub struct Edge {
    /// The constraint's name, or the key of the configuration.
    pub name: String,
    /// Whether the database declares it. A row that such an edge refers to must be in the sample.
    pub declared: bool,
    /// The referencing rows.
    pub from: EdgeEnd,
    /// The referenced rows.
    pub to: EdgeEnd,
    /// The condition for rows of the table to refer; `None` if all of them do.
    pub condition: Option<String>,
    /// How it is traversed.
    pub rule: TraversalRule,
    /// Whether it is `MATCH FULL`: NULL in one column requires NULL in all of them.
    pub full: bool,
}

/// One end of an edge.
#[derive(Clone, Debug)]
pub struct EdgeEnd {
    /// The index of the table.
    pub table: usize,
    /// The partition, if the edge concerns that alone.
    pub relation: Option<TablePath>,
    /// The columns, or the expression.
    pub terms: Vec<Term>,
    /// The slots that hold their values, if the edge is followed from this end.
    pub slots: Vec<usize>,
    /// Whether an index finds rows by them.
    pub indexed: bool,
}

/// How an edge is traversed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TraversalRule {
    /// Down to the rows that refer to owned rows, and up.
    Follow,
    /// Up only.
    Stop,
    /// Not at all; these columns are NULL in the copy.
    Null(Vec<String>),
    /// Down to the newest rows for each owned row, and up.
    Limit {
        /// The number of rows.
        rows: u64,
        /// The column by which the newest are found.
        newest_by: String,
    },
    /// Not at all, because one of its tables is left empty and nothing checks the reference.
    Ignore,
}

impl Edge {
    /// Whether rows that refer to owned rows are included.
    pub fn is_followed_down(&self) -> bool {
        matches!(self.rule, TraversalRule::Follow | TraversalRule::Limit { .. })
    }

    /// Whether referenced rows are included.
    pub fn is_followed_up(&self) -> bool {
        !matches!(self.rule, TraversalRule::Null(_) | TraversalRule::Ignore)
    }
}

impl EdgeEnd {
    /// The names of the columns, or the expression, separated by commas.
    pub fn names(&self) -> String {
        self.terms.iter().map(|term| term.name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// The names of the columns.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.terms.iter().filter(|term| !term.is_expression).map(|term| term.name.as_str())
    }

    /// The types of the values by which rows are looked up.
    pub fn key_types(&self) -> Vec<KeyType> {
        self.terms.iter().map(Term::key_type).collect()
    }

    /// Converts values of the other end to the form in which they are looked up at this one; `None` if no row can have
    /// them.
    pub fn convert(&self, values: impl Iterator<Item = KeyValue>) -> Option<Vec<KeyValue>> {
        self.terms.iter().zip(values).map(|(term, value)| term.comparison.convert(value)).collect()
    }
}

//! An edge: from rows that refer to rows referred to.

use crate::config::TablePath;
use crate::pg::catalog::Column;
use crate::pg::identifier;
use crate::sample::key_set::{Kind, Value};

use super::table::Slot;

/// One foreign key, declared or configured.
#[derive(Clone, Debug)]
pub struct Edge {
    /// What it is called: the constraint's name, or its place in the configuration.
    pub name: String,
    /// Whether the database declares it; a row that such an edge needs must come.
    pub declared: bool,
    /// The rows that refer.
    pub from: End,
    /// The rows referred to.
    pub to: End,
    /// Of the rows of the table, those that refer; all when none.
    pub condition: Option<String>,
    /// What is done about it.
    pub rule: Rule,
    /// Whether NULL in one column has to come with NULL in all.
    pub full: bool,
}

/// One side of an edge.
#[derive(Clone, Debug)]
pub struct End {
    /// The table.
    pub table: usize,
    /// The partition, when it is about that and not about the whole table.
    pub relation: Option<TablePath>,
    /// The columns, or the expression.
    pub terms: Vec<Term>,
    /// Where their values stand in a row that was read, when the edge is followed from here.
    pub slots: Vec<usize>,
    /// Whether an index leads to rows by them.
    pub indexed: bool,
}

/// A column or an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// It, over the alias `t`.
    pub sql: String,
    /// The column's name, or the expression as written.
    pub name: String,
    /// Whether it is an expression.
    pub is_expression: bool,
    /// How rows are looked up by it.
    pub compare: Compare,
}

/// How a value that came from the other end is compared with a term.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Compare {
    /// As integers of this type.
    Int(&'static str),
    /// By the type's own equality.
    Native {
        /// The operator, with the term on the left.
        operator: String,
        /// The type that the other end's text is cast to.
        cast: String,
        /// Whether that is an array, of which there are no arrays.
        array: bool,
        /// Whether text that is no UUID is left out first, because the cast would fail.
        only_uuids: bool,
    },
    /// As text, whatever the types are.
    Text,
}

/// What is done about an edge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Down to rows that refer to owned ones, and up.
    Follow,
    /// Up only.
    Stop,
    /// Not at all; these columns are empty in the copy.
    Null(Vec<String>),
    /// Down to the newest rows for each owned one, and up.
    Limit {
        /// How many.
        rows: u64,
        /// The column that tells how new one is.
        newest_by: String,
    },
    /// Not at all: nothing is taken of one of its tables, and nobody checks it.
    Ignore,
}

impl Edge {
    /// Whether rows that refer to owned rows come.
    pub fn is_followed_down(&self) -> bool {
        matches!(self.rule, Rule::Follow | Rule::Limit { .. })
    }

    /// Whether rows referred to come.
    pub fn is_followed_up(&self) -> bool {
        !matches!(self.rule, Rule::Null(_) | Rule::Ignore)
    }
}

impl End {
    /// Names of the columns, or the expression.
    pub fn shown(&self) -> String {
        self.terms.iter().map(|term| term.name.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// Names of the columns.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.terms.iter().filter(|term| !term.is_expression).map(|term| term.name.as_str())
    }

    /// The kinds of the values that rows are looked up by.
    pub fn kinds(&self) -> Vec<Kind> {
        self.terms.iter().map(Term::kind).collect()
    }

    /// What the other end's values are looked up as here; none if no row here can have them.
    pub fn carry(&self, values: impl Iterator<Item = Value>) -> Option<Vec<Value>> {
        self.terms.iter().zip(values).map(|(term, value)| term.compare.carry(value)).collect()
    }
}

impl Term {
    pub(super) fn column(column: &Column, compare: Compare) -> Term {
        let sql = format!("t.{}", identifier(&column.name));
        Term { sql, name: column.name.clone(), is_expression: false, compare }
    }

    /// How it is read, and in which form values are looked up.
    pub fn kind(&self) -> Kind {
        if matches!(self.compare, Compare::Int(_)) { Kind::Int } else { Kind::Text }
    }

    pub(super) fn read(&self) -> Slot {
        let kind = self.kind();
        let cast = if kind == Kind::Int { "int8" } else { "text" };
        Slot { sql: format!("({})::pg_catalog.{cast}", self.sql), kind }
    }
}

impl Compare {
    /// What a value is looked up as; none if no row can have it.
    pub fn carry(&self, value: Value) -> Option<Value> {
        let fits = |type_name: &str, value: i64| match type_name {
            "int2" => i16::try_from(value).is_ok(),
            "int4" => i32::try_from(value).is_ok(),
            _ => true,
        };
        match (self, value) {
            (_, Value::Null) => None,
            (Compare::Int(name), Value::Int(value)) => fits(name, value).then_some(Value::Int(value)),
            (Compare::Int(name), Value::Text(text)) => {
                // Only what the integer would be written as: `007` is not the text of any key.
                let value = text.parse::<i64>().ok().filter(|value| value.to_string() == text)?;
                fits(name, value).then_some(Value::Int(value))
            }
            (_, Value::Int(value)) => Some(Value::Text(value.to_string())),
            (Compare::Native { only_uuids: true, .. }, Value::Text(text)) => {
                is_uuid(&text).then(|| Value::Text(text.to_lowercase()))
            }
            (_, Value::Text(text)) => Some(Value::Text(text)),
        }
    }
}

/// Whether text has the form of a UUID.
pub fn is_uuid(text: &str) -> bool {
    let dash = |at: usize| [8, 13, 18, 23].contains(&at);
    text.len() == 36 && text.bytes().enumerate().all(|(at, c)| if dash(at) { c == b'-' } else { c.is_ascii_hexdigit() })
}

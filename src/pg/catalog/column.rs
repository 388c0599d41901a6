//! Columns and their types, with every constraint that a change of their values must keep.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::pg::identifier;

/// A column of an ordinary, partitioned or foreign table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its table's schema.
    pub schema: String,
    /// Its table.
    pub table: String,
    /// Its name.
    pub name: String,
    /// The declared type, qualified and quoted, with length or precision, as a cast takes it.
    pub declared: String,
    /// The type below all domains; for an array, the type of its elements.
    pub base: Type,
    /// Whether it is an array of `base`.
    pub array: bool,
    /// Maximum length in characters, of `varchar(n)`, `char(n)` and domains over them.
    pub longest: Option<usize>,
    /// The modifier of the base type, as in `pg_attribute`; -1 if there is none.
    pub modifier: i32,
    /// Whether NULL is refused, by the column or its domain.
    pub not_null: bool,
    /// Whether its values are computed from other columns.
    pub generated: bool,
    /// Whether it is an identity column.
    pub identity: bool,
    /// Unique indexes and exclusion constraints that depend on it.
    pub unique: Vec<Unique>,
    /// Check constraints that mention it, including those of its domains.
    pub checks: Vec<Check>,
    /// All columns of the table with their base types, this one included.
    pub siblings: Arc<BTreeMap<String, Type>>,
}

impl Column {
    /// `schema.table.column` for messages.
    pub fn path(&self) -> String {
        format!("{}.{}.{}", self.schema, self.table, self.name)
    }
}

/// A type that is not a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Type {
    /// Its object identifier. Types that are not built in have another one in every database.
    pub oid: u32,
    /// Its schema.
    pub schema: String,
    /// Its name, such as `varchar`.
    pub name: String,
    /// `b` base, `c` composite, `e` enum, `r` range, `m` multirange, `p` pseudo.
    pub form: char,
    /// Labels of an enum, in order.
    pub labels: Vec<String>,
    /// The type of a range's bounds, or a multirange's range.
    pub inner: Option<Arc<Type>>,
    /// Attributes of a composite, each like a column of a table of the type's name.
    pub attributes: Arc<Vec<Column>>,
}

impl Type {
    /// The qualified name in SQL.
    pub fn qualified(&self) -> String {
        format!("{}.{}", identifier(&self.schema), identifier(&self.name))
    }
}

/// A unique index (with or without a constraint of its name) or an exclusion constraint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unique {
    /// Its name.
    pub name: String,
    /// Its key columns and expressions, in order.
    pub keys: Vec<IndexKey>,
    /// The condition of a partial index.
    pub predicate: Option<String>,
    /// Whether two NULLs are equal.
    pub nulls_not_distinct: bool,
    /// Whether it is an exclusion constraint, which may compare by other operators than equality.
    pub exclusion: bool,
}

/// A key of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexKey {
    /// A column.
    Column(String),
    /// An expression, as the server prints it.
    Expression(String),
}

/// A check constraint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Its name.
    pub name: String,
    /// Its definition as the server prints it: `CHECK (…)`.
    pub definition: String,
    /// Whether it belongs to a domain: the value is then called `VALUE`.
    pub of_domain: bool,
    /// Whether it applies to each element of the column's array instead of the array.
    pub of_elements: bool,
}

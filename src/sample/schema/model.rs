//! The two halves of a schema.

use super::split::split_sql;
use crate::sample::load::error::Result;

/// The statements that create the objects of a database, without rows. The same database gives the same statements:
/// times, versions and keys of the dump are not included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schema {
    /// Schemas, types, functions, tables and sequences.
    pub pre_data: Vec<String>,
    /// Indexes, constraints, triggers, rules and policies.
    pub post_data: Vec<String>,
}

impl Schema {
    /// The first half as one text.
    pub fn pre_data_text(&self) -> String {
        text(&self.pre_data)
    }

    /// The second half as one text.
    pub fn post_data_text(&self) -> String {
        text(&self.post_data)
    }

    /// Parses the texts of both halves.
    ///
    /// # Errors
    /// When a text is not valid SQL.
    pub fn from_texts(pre_data: &str, post_data: &str) -> Result<Schema> {
        Ok(Schema { pre_data: split_sql(pre_data)?, post_data: split_sql(post_data)? })
    }
}

fn text(statements: &[String]) -> String {
    statements.iter().map(|statement| format!("{statement};\n\n")).collect()
}

//! Paths of columns and tables.

use super::cursor::Cursor;
use crate::config::column_path::{ColumnPath, TablePath};

/// Remedy for an invalid column path.
pub const COLUMN_PATH_HELP: &str = "write `schema.table.column`, with `*` for any characters: `\"*.*_token\"`";

/// Checks a list of column paths, and returns the valid ones.
pub fn columns(raw: &[String], at: Cursor<'_>) -> Vec<ColumnPath> {
    raw.iter().enumerate().filter_map(|(index, path)| column(path, at.item(index))).collect()
}

/// Checks a column path.
pub fn column(raw: &str, at: Cursor<'_>) -> Option<ColumnPath> {
    match ColumnPath::parse(raw) {
        Ok(path) => Some(path),
        Err(why) => {
            at.report(format!("{} is not a column path: {why}", at.quoted()), COLUMN_PATH_HELP);
            None
        }
    }
}

/// Checks a table path.
pub fn table(raw: &str, at: Cursor<'_>) -> Option<TablePath> {
    let table = TablePath::parse(raw);
    at.require(table.is_some(), format!("{} is not a table path", at.quoted()), "write `schema.table`");
    table
}

//! Parts of statements.

use crate::pg::{self, identifier};

/// Returns `; COMMENT ON …`, or nothing if there is no comment.
pub(super) fn comment(on: &str, text: Option<&str>) -> String {
    text.map(|text| format!("; COMMENT ON {on} IS {}", pg::literal(text))).unwrap_or_default()
}

/// Returns statements that run as a role, inside a transaction.
pub(super) fn acting_as(role: &str, sql: &str) -> String {
    format!("SET LOCAL ROLE {}; {sql}; SET LOCAL ROLE NONE", identifier(role))
}

/// Returns a definition without the semicolon that the server appends.
pub(super) fn bare(definition: &str) -> &str {
    definition.trim_end().trim_end_matches(';')
}

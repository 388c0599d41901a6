//! Validation of the tree against the JSON schema.

mod schema_rule;
mod validator;

pub use validator::validate;

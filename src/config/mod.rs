//! The configuration file `devdb.yaml`: its raw form, its resolved form, and its JSON schema.
//!
//! Loading has these stages: `load` reads the file; `tree` parses it into a tree with positions; `interpolate` replaces
//! `${NAME}`; `validate` compares the tree with the `schema` of the `raw` types; `check` turns these into the `resolved`
//! types. Every stage continues after a complaint, and `diagnostics` collects all of them.

mod aws_partition;
mod aws_storage;
mod check;
mod column_path;
mod diagnostics;
mod did_you_mean;
mod error;
mod interpolate;
mod load;
pub mod mask;
mod raw;
mod resolved;
mod schema;
#[cfg(test)]
mod testing;
mod tree;
mod validate;
mod yaml_text;

pub use aws_partition::partition;
pub use aws_storage::storage_type;
pub use check::ExternalChecks;
pub use column_path::{ColumnPath, TablePath, quote_name};
pub use error::ConfigError;
pub use load::load;
pub use resolved::*;
pub use schema::schema;
pub use yaml_text::{yaml_quoted, yaml_scalar};

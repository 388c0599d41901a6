//! `devdb.yaml`: as written (`file`), as meant (`meant`), and its JSON schema.
//!
//! In the order of the way through: `load` reads; `page` collects complaints; `tree` is the YAML
//! with its places; `fill` replaces `${NAME}`; `conform` holds it against the `schema` made from
//! `file`; `check` makes of that what is `meant`. Every stage goes on after a complaint.

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

pub use check::Words;
pub use column_path::{ColumnPath, TablePath, shown};
pub use error::Error;
pub use load::load;
pub use resolved::*;
pub use schema::schema;
pub use yaml_text::{yaml_quoted, yaml_scalar};

//! The schema of a source as SQL statements, in two halves: what a table needs before rows are loaded, and what is added
//! afterwards (indexes, constraints, triggers, policies). Constraints that are added afterwards prove referential
//! integrity, and no trigger fires during the load.

mod dump;
mod model;
mod split;
mod statement;

pub use model::Schema;
pub use statement::{Statement, StatementKind};

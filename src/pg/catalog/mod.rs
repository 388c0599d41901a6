//! What the catalog says of tables, their columns and the foreign keys between them. Reads `pg_catalog`
//! only, which every role may. The system's schemas are left out, and devdb's own.

mod columns;
mod foreign_keys;
mod indexes;
mod tables;
mod types;
mod views;

pub use columns::{Check, Column, IndexKey, Type, Unique, columns};
pub use foreign_keys::{ForeignKey, foreign_keys};
pub use indexes::{Index, Operators, indexes, operators};
pub use tables::{Form, Table, tables};
pub use views::{MaterializedView, materialized_views};

/// The condition for schemas that are somebody's own, as an expression over `pg_namespace n`.
pub(crate) const OWN: &str =
    "n.nspname NOT IN ('pg_catalog', 'information_schema', 'devdb_meta') AND n.nspname NOT LIKE 'pg\\_%'";

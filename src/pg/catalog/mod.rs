//! Tables, their columns and the foreign keys between them, from `pg_catalog` alone, which every role may read. Schemas
//! of the system and of devdb are left out.

mod column;
mod columns;
mod constraints;
mod foreign_keys;
mod indexes;
mod schemas;
mod tables;
mod types;
mod views;

pub use column::{Check, Column, IndexKey, Type, Unique};
pub use columns::columns;
pub use foreign_keys::{ForeignKey, foreign_keys};
pub use indexes::{Index, Operators, indexes, operators};
pub(crate) use schemas::USER_SCHEMAS;
pub use tables::{Form, Table, tables};
pub use views::{MaterializedView, materialized_views};

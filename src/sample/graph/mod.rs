//! The graph of a database: tables, and the foreign keys between them as edges, with the rules of the configuration.
//!
//! Only [`Catalog`] reads from the database; everything else is computed from it.

mod build;
mod catalog;
mod comparison;
mod edge;
mod edges;
mod identity;
mod model;
mod rules;
mod table;
mod tables;
mod term;

pub use catalog::Catalog;
pub use comparison::{Comparison, is_uuid};
pub use edge::{Edge, EdgeEnd, TraversalRule};
pub use identity::RowIdentity;
pub use model::Graph;
pub(super) use table::quoted;
pub use table::{GraphTable, Leaf};
pub use term::{Slot, Term};

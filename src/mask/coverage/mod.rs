//! Coverage: the decision for every column of every table: masked, scripted, kept or computed. Pure: configuration
//! and catalog in; decisions, undecided columns and problems out.
//!
//! Precedence of configuration entries: the full name of a column before names with `*`; among those, masks
//! before `scripted` before `keep`; last the types of `keep_types`. Partitions and inherited columns follow the
//! topmost table.

mod catalog;
mod decide;
mod decision;
mod entries;
mod follow;
mod inheritance;
mod kept_type;
mod problem;
mod table_masks;

pub use catalog::Catalog;
pub use decide::decide;
pub use decision::{Coverage, DecidedColumn, Decision};
pub use kept_type::{kept_type, kept_type_name};
pub use problem::CoverageProblem;
pub use table_masks::{MaskedColumn, TableMasks, compile_masks};

#[cfg(test)]
mod tests;

//! Options and summary of a load.

use super::apply::SkippedObjects;
use super::rows::CopiedTable;
use super::strategy::LoadStrategy;

/// The step name of a load's events.
pub const STEP: &str = "load";

/// Options of a load.
#[derive(Clone, Copy, Debug)]
pub struct LoadOptions {
    /// The number of sessions that copy tables and create indexes and keys at the same time, if the strategy allows
    /// more than one.
    pub jobs: usize,
    /// Whether a database that is not empty may be replaced.
    pub replace: bool,
}

/// The summary of a finished load.
#[derive(Clone, Debug)]
pub struct LoadSummary {
    /// The strategy of the load.
    pub strategy: LoadStrategy,
    /// The copied tables, in the order of [`Rows::tables`](super::Rows::tables).
    pub tables: Vec<CopiedTable>,
    /// The objects and statements that the target does not have.
    pub skipped: SkippedObjects,
    /// Notes on sequences, materialized views and databases that are left.
    pub notes: Vec<String>,
}

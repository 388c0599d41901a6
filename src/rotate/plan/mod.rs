//! Planning: the observed world in, what to do out. No I/O; `--dry-run` prints the plan.

mod decide;
mod decision;
mod generations;
mod preconditions;
mod snapshot;
#[cfg(test)]
mod tests;

pub use decide::decide;
pub use decision::{Decision, Plan, PlanOptions, Work};
pub use preconditions::stops;
pub use snapshot::{age, chosen_snapshot};

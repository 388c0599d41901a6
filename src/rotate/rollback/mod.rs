//! A rollback points the record back at a kept generation. `run` tells the story on one page, `plan` decides which
//! generation that is, `undo` completes a failure.

mod display;
mod options;
mod plan;
#[cfg(test)]
mod plan_tests;
mod preflight;
mod prove;
mod run;
mod undo;

pub use options::RollbackOptions;
pub use run::roll_back;

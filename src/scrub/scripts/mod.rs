//! Runs the scripts of `postproc`: every file, in order, each in one transaction together with the record that it ran, so
//! that an interrupted run continues with the next one.

mod content;
mod error;
mod folder;
mod position;
mod problems;
mod progress;
mod run;

pub use error::Error;
pub use folder::{Entry, Scripts, Stage, load};
pub use problems::{Problem, Problems};
pub use progress::has_begun;
pub use run::{StageOptions, StageOutcome, run_stage, unfinished};

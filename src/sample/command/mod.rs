//! The commands `sample`, `load` and `doctor --sample`.
//!
//! [`sample`] works in this order: it checks the destination, connects to the source, decides for every column whether
//! it is masked (unless a rotation has scrubbed the source), selects the rows, reads the schema and the rows from one
//! snapshot, and writes them. All preconditions are checked before the first row is read, and nothing is written
//! before all rows are read.

mod attempt;
mod destination;
pub mod doctor;
mod failure;
mod guard;
mod labels;
mod live_generation;
mod load;
mod loaded;
mod masking;
mod open_source;
mod output;
mod request;
mod run;
pub mod seed_arguments;
mod source;
mod source_connection;
mod task;

pub use failure::no_section;
pub use load::load;
pub use request::{Goal, Inspection, SampleRequest, Sink};
pub use run::sample;

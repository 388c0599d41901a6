//! The referential closure: from the seed rows to all rows of a sample, first down, which determines the owned rows, and
//! then up.
//!
//! Going down never depends on what going up finds, because required rows are not expanded downward. A row is therefore
//! either owned or required when it is first found, and stays so.

mod close;
mod include;
mod owned;
mod progress;
mod round;
mod state;

pub(super) use close::close;
pub use owned::OwnedRows;
pub use state::{Cause, Closure, Discovery, EdgeTally, ReachedRows, Total};

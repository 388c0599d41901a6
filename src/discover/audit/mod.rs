//! The detectors over every value of a database, masked or not. Results are counts, never values.
//!
//! Text, documents, arrays, composite values and network addresses are scanned; numbers, times, enums, UUIDs and
//! bytes are not. Tables, partitions and materialized views are read; foreign tables store nothing here.

mod copy_binary;
mod copy_text;
mod detection;
mod exemptions;
mod limits;
mod scan;
mod scanner;

pub use detection::Detection;
pub use exemptions::Exemptions;
pub use scan::{audit, audit_as_owners};
pub use scanner::{RowScanner, is_scannable_in_binary};

//! Mask reference: what `devdb masks` lists about every mask.

mod containers;
mod entry;
mod list;
mod texts;
mod values;

pub use entry::{Cost, Entry};
pub use list::{entries, table};

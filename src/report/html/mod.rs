//! The run as one self-contained HTML file: it opens from disk, loads nothing from outside, and prints well.
//!
//! Each part of the page is a type with a template, built from the recorded events.

mod coverage;
mod file;
mod filters;
mod format;
mod head;
mod leaks;
mod lists;
mod page;
mod recorded;
mod recorder;
mod sampled;
mod tables;
#[cfg(test)]
mod tests;
mod timeline;

pub use page::page;
pub use recorded::Recorded;
pub use recorder::Html;

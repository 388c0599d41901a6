//! The input of a selection.

use super::seeds::Seeds;
use crate::config::{self, Reference};

/// What is sampled.
#[derive(Clone, Copy, Debug)]
pub struct SelectionInput<'a> {
    /// The seed rows, of one or more tables.
    pub seeds: &'a [Seeds],
    /// The configuration.
    pub sample: &'a config::Sample,
    /// Foreign keys that the database does not declare.
    pub references: &'a [Reference],
    /// Whether [`Selection::why`](super::Selection::why) will be called.
    pub explain: bool,
}

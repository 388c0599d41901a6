//! Rules: resolved masks, with their options validated.

mod error;
mod json_path;
mod resolve;
mod tree;

pub use error::RuleError;
pub use json_path::{Path, PathStep};
pub use tree::Rule;

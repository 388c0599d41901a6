//! Classification of columns: what a column probably holds, by its name, its type and some of its values, and the
//! configuration line proposed for it. A person decides: nothing is masked or kept because of a classification.

mod category;
mod column;
mod column_names;
mod combine;
mod json;
mod masks;
mod proposal;
mod render;
mod value_patterns;
mod value_stats;
mod words;

pub use column::classify;
pub use proposal::{Classification, Confidence, Proposal};

#[cfg(test)]
mod tests;

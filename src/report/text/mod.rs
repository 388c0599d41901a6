//! Reports for people: one line per step with its key figure; with `-v` every detail.

mod aligned;
mod lines;
mod sentence;
mod terminal;

pub use lines::Lines;
pub use sentence::{sentence, verdict_word};
pub use terminal::Terminal;

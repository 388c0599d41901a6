//! Events in; text for a terminal, a log, a program or GitHub out. The only module that prints.

mod format;
mod github;
pub mod html;
mod json;
mod markdown;
mod text;
mod trace;

pub use format::{Format, listener, with_html};
pub use trace::write_trace;

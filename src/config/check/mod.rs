//! The checks that turn the raw configuration into the resolved one. A failed check reports a complaint and continues
//! with a placeholder, so that all checks run; the caller then looks for complaints.

mod access;
mod config;
mod conflicts;
mod connect;
mod context;
mod cursor;
mod generation;
mod masking;
mod names;
mod paths;
mod platform;
mod sample;
mod target;

pub use config::check;
pub use context::{CheckContext, ExternalChecks};
pub use cursor::Cursor;

//! The only way to a write. The writing methods of a platform take a [`DevInstance`], a [`Deletable`] or a
//! [`Scrubbed`]; the fields of these tokens are private to `token.rs`, so nothing else builds one.
//!
//! Tokens are passed by value: a token is valid for one write, and a second write needs a new describe.

mod admit;
mod refusal;
mod rules;
#[cfg(test)]
mod tests;
mod token;

pub use admit::{admit, admit_deletion, admit_published, points_at};
pub use refusal::Refusal;
pub use rules::{Rules, is_generation_name};
pub use token::{Deletable, DevInstance, Evidence, Scrubbed};

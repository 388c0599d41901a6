//! The least-privilege IAM policy of one target.

mod document;
#[cfg(test)]
mod tests;

pub use document::policy;

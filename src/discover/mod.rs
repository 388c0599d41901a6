//! Discovery of personal data (PII): detectors over values, classification of columns, the audit of a
//! database, and the first configuration that is derived from them.

pub mod audit;
pub mod classify;
pub mod detect;
pub mod init;
pub mod pii_findings;
mod readable;
pub mod suggestions;
pub mod value_samples;

pub use readable::DiscoverError;

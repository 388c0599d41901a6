//! Detectors: parts of a text that look like an e-mail address, a personal number, an IP address or a secret.
//!
//! A detector does not know the column, so it reports only what is hard to mistake: checksums where they exist, known
//! prefixes, usual notations of numbers. Timestamps, UUIDs, digests, versions and prices are not reported. Detectors
//! run over every value of a database, so a text without full-width forms is read once and nothing is allocated.

mod card;
mod digit_groups;
mod domains;
mod email;
mod ip;
mod kind;
mod korea;
mod number;
mod phone;
mod resembled;
mod scan;
mod secret;
mod width;
mod word;

pub use domains::Domains;
pub use kind::{Kind, Match};
pub use resembled::resembled;
pub use scan::{find, visit};

#[cfg(test)]
mod tests;

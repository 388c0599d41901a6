//! The ledger: every place in a database that stores rows, with the reason why it holds no original value.
//!
//! One entry for each column of each relation with storage, in `devdb_meta.ledger`. The rewrite records what it masked, in the
//! transaction that masked it; all other entries follow from the decisions of the configuration, after the last script. What
//! exists is read from the server's catalog alone ([`unaccounted`]), by SQL that shares nothing with coverage or the masking
//! plan: a relation that neither of them considered has no entry, and is not published.

mod compare;
mod complete;
mod entry;
mod record;

pub use compare::{Unaccounted, unaccounted};
pub use complete::complete;
pub(in crate::scrub) use entry::prepare;
pub use entry::{Reason, Summary};
pub(in crate::scrub) use record::record_masked;

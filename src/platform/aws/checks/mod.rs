//! Preflight checks on AWS. No check stops at the first finding: whoever sets devdb up gets all of them at once.

mod all;
mod capacity;
mod credentials;
mod lookup;
mod parameters;
mod source;
mod tools;
mod zone;

pub(super) use all::all;

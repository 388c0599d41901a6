//! Where generations live: [`aws`] (RDS and Route 53) or [`local`] (PostgreSQL clusters on this machine).
//! Both implement [`Platform`]. Modules above this one know neither an SDK nor a directory layout.
//!
//! Reads take `&self` and a name. Writes take a token by value that only [`guard`] builds, so each write follows
//! its own fresh describe of the instance.

pub mod aws;
mod check;
mod connect;
mod contract;
pub mod dry_run;
mod error;
pub mod guard;
mod identity;
mod instance;
pub mod local;
mod phase;
mod record;
pub mod retry;
mod snapshot;
pub mod tag;

pub use check::Check;
pub use connect::connect;
pub use contract::{Platform, RestoreOrder};
pub use error::{Error, Result};
pub use identity::Identity;
pub use instance::{DiskSpace, Instance, Settings, Status};
pub use phase::Phase;
pub use record::{Record, RecordChange, RecordState};
pub use snapshot::{Snapshot, Source};
pub use tag::Tags;

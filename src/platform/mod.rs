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
mod parameter;
mod phase;
mod record;
pub mod retry;
mod snapshot;
pub mod tag;

pub use check::Check;
pub use connect::{connect, transport};
pub use contract::{Platform, RestoreOrder};
pub use error::{Error, Result, status_remedy};
pub use identity::Identity;
pub use instance::{
    DiskSpace, Instance, PENDING_PARAMETER_GROUP, PENDING_PASSWORD, PENDING_SECURITY_GROUP, Settings, Status,
};
pub use parameter::{HarmlessValues, RequiredParameter};
pub use phase::Phase;
pub use record::{Record, RecordChange, RecordState};
pub use snapshot::{Snapshot, Source};
pub use tag::Tags;

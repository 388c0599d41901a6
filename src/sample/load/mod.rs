//! Loading a sample into a database: either all of it is loaded, or the database is unchanged.
//!
//! The state of the target decides the [strategy](LoadStrategy): a scratch database that takes the target's name at
//! the end; the target itself in one transaction; or, if migrations have created the tables, these tables in one
//! transaction. All preconditions are checked before the first write.

mod apply;
mod copy_tables;
pub mod error;
mod guard;
mod inspect;
mod into_existing;
mod loader;
mod locks;
mod order;
mod ownership;
mod parallel;
mod parallel_plan;
mod post_load;
mod progress;
mod refusal;
mod rows;
mod run;
mod scheduler;
mod scratch;
mod sequences;
mod statement_target;
mod strategy;
mod summary;
mod target;

pub use apply::SkippedObjects;
pub use guard::{LoadGuard, ServerIdentity};
pub(super) use loader::load_into_own_server;
pub use loader::{check, load};
pub(crate) use progress::Progress;
pub use refusal::Refusal;
pub use rows::{Bytestream, CopiedTable, Rows};
pub use strategy::LoadStrategy;
pub use summary::{LoadOptions, LoadSummary, STEP};
pub use target::LoadTarget;

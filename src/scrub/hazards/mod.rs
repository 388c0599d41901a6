//! What in a clone can act on the outside or let somebody in, and how it is made harmless.
//!
//! Each hazard is detected, defused and verified by a file of its own. Tables that a worker would act on (job queues,
//! outboxes, schedules) are one idea with many shapes and share `tables`. Publications are no hazard: a clone that nobody
//! subscribes to sends nothing.

mod catalogue;
mod defuse;
mod event_triggers;
mod extensions;
mod foreign_servers;
mod hazard;
mod pg_cron;
mod prepared;
mod remaining;
mod settings;
mod shape;
mod shapes;
mod slots;
mod subscriptions;
mod tables;
mod timescaledb;

pub use catalogue::{catalogue, names};
pub use defuse::{Tally, defuse};
pub use hazard::{Finding, Hazard};
pub use prepared::prepared_transactions;
pub use remaining::{Remaining, remaining};

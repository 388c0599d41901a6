//! Obstacles: objects that block altering a column. Each kind has its own file, which finds them in the catalog with the
//! statements that remove them and recreate them exactly.
//!
//! Objects are replaced rather than dropped where possible: a view whose query is replaced by one over no table keeps its owner,
//! grants, comments, triggers and dependents. Only foreign keys, triggers, publications' tables and materialized views have to be
//! dropped and recreated.

mod affected;
mod event_triggers;
mod find;
mod foreign_keys;
mod functions;
mod grants;
mod invalid_indexes;
mod materialized;
mod obstacle;
mod policies;
mod publications;
mod rules;
mod sql;
mod triggers;
mod views;

pub(super) use find::find;
pub(super) use obstacle::{Deferred, Obstacle, Round};

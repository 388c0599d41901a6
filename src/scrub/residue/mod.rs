//! Residue: original values that survive the scripts in materialized views, in dead rows, in the planner's statistics (they
//! quote values, and `pg_stats` shows them to every role that may read the table), and in the texts of `pg_stat_statements`.
//!
//! What is not done, and why:
//! - `pg_stat_reset()`: its counters hold no values, and [`stale`] reads them back.
//! - `VACUUM FULL` of the tables: plain `VACUUM` leaves the bytes of removed rows in free space, which only a superuser
//!   reading raw pages sees; the full one costs twice the disk space and a rebuild of every index. Scripts that rewrite their
//!   tables leave none.

mod clear;
mod dummy;
mod inherited;
mod note;
mod stale;
mod statistics;
mod tables;
mod views;

pub use clear::{Residue, clear};
pub use stale::{Stale, stale};

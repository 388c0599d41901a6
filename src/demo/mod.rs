//! The demo: an example company on temporary PostgreSQL clusters of this machine. Its production, a server with two
//! databases, is set up, snapshots are taken with `pg_basebackup`, and two nights pass; then a developer takes a sample.
//! Nothing is simulated: the same code runs for a team whose target is `local`.

mod company;
mod files;
mod home;
mod laptop;
mod story;

pub use story::run;

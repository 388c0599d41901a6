//! PostgreSQL clusters on this machine. A generation is a data directory with its own server on 127.0.0.1, a snapshot
//! is a copy of a cluster's directory, the record is a section of a `pg_service.conf`.
//!
//! ```text
//! <root>/snapshots/<source>/<id>/       output of pg_basebackup
//! <root>/instances/<name>/devdb.json    tags, port, state
//! <root>/instances/<name>/data/         data directory
//! <root>/instances/<name>/hba.conf      who may connect
//! <root>/pg_service.conf                the record
//! ```
//!
//! The server of a clone does not start until its master password is set, in single-user mode: unlike on RDS,
//! production's passwords are never valid on it.

mod checks;
mod cluster;
mod control_file;
mod copy;
mod disk_space;
mod instances;
mod manifest;
mod meta;
mod platform;
mod quarantine;
mod restore;
mod service_file;
mod snapshots;
mod tree;

pub use copy::copy_cluster;
pub use platform::{ACCOUNT, Local};

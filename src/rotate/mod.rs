//! A rotation makes a fresh, scrubbed generation and publishes it. [`rotation`] tells the story on one page; `observe`
//! reads the world, `plan` decides, and each step is a file of its own.

pub mod access;
mod configured_databases;
mod coverage;
pub mod database_scripts;
pub mod inputs;
mod lease;
pub mod lease_tag;
mod lease_wait;
mod masking;
pub mod name;
pub mod observe;
mod options;
pub mod parameters;
pub mod password;
pub mod phases;
pub mod plan;
mod plan_display;
pub mod preflight;
pub mod publish;
pub mod recipe;
mod restore;
pub mod retire;
pub mod rollback;
mod rotation;
pub mod run;
mod scripts;
mod secure;
mod skipped;
pub mod start;
mod store;
mod summary;
pub mod tunnel_check;
mod undo;
mod verify;
mod wait;

pub use options::RotateOptions;
pub use rotation::rotate;

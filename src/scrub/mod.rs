//! Makes a clone harmless: hazards, logins, scripts, masks, residue, and the publication gate.

mod config_checks;
pub mod coverage_gate;
pub mod databases;
pub mod hazards;
pub mod leak;
pub mod ledger;
pub mod marker;
pub mod mask_key;
pub mod masker;
pub mod publish_gate;
pub mod residue;
pub mod rewrite;
pub mod roles;
pub mod schema_locks;
pub mod scripts;

pub use config_checks::config_checks;

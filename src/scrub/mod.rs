//! Making a clone harmless: hazards, logins, scripts, residue, and the check that decides.

pub mod coverage_gate;
pub mod databases;
pub mod hazards;
pub mod leak;
pub mod marker;
pub mod mask_key;
pub mod masker;
pub mod publish_gate;
pub mod residue;
pub mod rewrite;
pub mod roles;
pub mod schema_locks;
pub mod scripts;

/// The words of `devdb.yaml` that this room and `mask` know.
pub fn config_checks() -> crate::config::ExternalChecks {
    crate::config::ExternalChecks {
        hazard_names: hazards::names(),
        validate_mask: |written| crate::mask::Rule::resolve(written).map(drop).map_err(|error| error.to_string()),
    }
}

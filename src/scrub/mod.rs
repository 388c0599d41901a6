//! Making a clone harmless: hazards, logins, scripts, residue, and the check that decides.

mod acting;
pub mod advice;
pub mod audit;
pub mod cover;
pub mod databases;
pub mod door;
pub mod hazards;
pub mod init;
pub mod leak;
pub mod leak_check;
pub mod looks;
pub mod marker;
pub mod masking;
pub mod postproc;
pub mod residue;
pub mod rewrite;
pub mod roles;
pub mod samples;

/// The words of `devdb.yaml` that this room and `mask` know.
pub fn words() -> crate::config::Words {
    crate::config::Words {
        hazards: hazards::names(),
        mask: |written| crate::mask::Rule::meant(written).map(drop).map_err(|error| error.to_string()),
    }
}

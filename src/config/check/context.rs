//! What the checks know in addition to the content of the file.

use std::path::Path;

use crate::config::mask::RawMask;

/// Knowledge of modules above this one that the checks need.
pub struct ExternalChecks {
    /// Names of all hazards.
    pub hazard_names: Vec<&'static str>,
    /// Checks the options of a mask. The error says what is wrong.
    pub validate_mask: fn(&RawMask) -> Result<(), String>,
}

/// The context of the checks.
pub struct CheckContext<'a> {
    /// Path of the file.
    pub path: &'a Path,
    /// Folder that paths in the file are relative to; absolute.
    pub base: &'a Path,
    /// Knowledge of other modules.
    pub external: ExternalChecks,
}

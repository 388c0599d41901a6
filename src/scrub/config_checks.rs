//! What the configuration checks against this module and `mask`.

use super::hazards;
use crate::config::ExternalChecks;
use crate::mask::Rule;

/// Returns the names of the hazards, and the validation of a mask.
pub fn config_checks() -> ExternalChecks {
    ExternalChecks {
        hazard_names: hazards::names(),
        validate_mask: |text| Rule::resolve(text).map(drop).map_err(|error| error.to_string()),
    }
}

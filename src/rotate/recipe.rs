//! The recipe: a fingerprint of everything that decides what a scrubbed clone contains.

use sha2::{Digest, Sha256};

use crate::config::Target;
use crate::mask;

use super::database_scripts::DatabaseScripts;

/// Returns the recipe. The clone of an interrupted run is resumed only if its recipe is the same: otherwise parts of
/// it would be scrubbed by other rules than the rest.
pub fn recipe(target: &Target, databases: &[DatabaseScripts], mask_key: &mask::Key) -> String {
    let mut hash = Sha256::new();
    let mut put = |text: &str| {
        hash.update(text.len().to_le_bytes());
        hash.update(text);
    };
    for one in databases {
        put(&one.database);
        put(&one.scripts.fingerprint());
        one.variables.values.iter().for_each(|(name, value)| {
            put(name);
            put(value);
        });
        // The names of the secrets alone: a tag must not contain their values, even hashed.
        one.variables.secrets.keys().for_each(|name| put(name));
    }
    put(&format!("{:?}", target.allowed_roles.keys()));
    put(&format!("{:?}", target.ensured_roles));
    put(&format!("{:?}", target.kept_hazards.keys()));
    put(&format!("{:?}", target.masking.rules));
    put(&format!("{:?}{:?}", target.masking.scripted, target.masking.references));
    put(&mask_key.check());
    hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// Returns the version prefix of a recipe, or `None` for the recipes of the versions that had none.
pub fn version(recipe: &str) -> Option<&str> {
    recipe.split_once('-').map(|(version, _)| version)
}

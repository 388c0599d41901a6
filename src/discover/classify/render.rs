//! Masks in YAML that compile for a column.

use crate::config::mask::RawMask;
use crate::mask::{Key, Refusal, Rule, compile};
use crate::pg::catalog::Column;

/// Returns the first mask that compiles for the column, or the reason why the first one does not.
///
/// Compiles under a placeholder key: whether a mask compiles does not depend on the key.
pub(super) fn first_accepted(column: &Column, masks: &[String]) -> Result<String, Option<Refusal>> {
    let Ok(key) = Key::new("placeholder for compiling") else { return Err(None) };
    let mut first = None;
    for yaml in masks {
        let Ok(mask) = serde_yaml::from_str::<RawMask>(yaml) else { continue };
        let Ok(rule) = Rule::resolve(&mask) else { continue };
        match compile(&rule, column, &key) {
            Ok(_) => return Ok(yaml.clone()),
            Err(refusal) => {
                first.get_or_insert(refusal);
            }
        }
    }
    Err(first)
}

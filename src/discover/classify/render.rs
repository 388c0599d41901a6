//! Masks as they are written: which of them the column takes, and names in quotation marks.

use crate::config::mask::WrittenMask;
use crate::mask::{Key, Refusal, Rule, compile};
use crate::pg::catalog::Column;

/// The first mask that the column takes; without one, why it does not take the first.
///
/// A mask is a secret's and not guessed at: whether it compiles does not depend on the secret.
pub(crate) fn first_taken(column: &Column, masks: &[String]) -> Result<String, Option<Refusal>> {
    let Ok(key) = Key::new("whether it compiles") else { return Err(None) };
    let mut first = None;
    for written in masks {
        let Ok(mask) = serde_yaml::from_str::<WrittenMask>(written) else { continue };
        let Ok(rule) = Rule::meant(&mask) else { continue };
        match compile(&rule, column, &key) {
            Ok(_) => return Ok(written.clone()),
            Err(refusal) => {
                first.get_or_insert(refusal);
            }
        }
    }
    Err(first)
}

//! Kinds that the output of masks resembles.

use std::collections::BTreeSet;

use super::{Kind, find};
use crate::config::mask::{CardKind, Scalar};
use crate::mask::Rule;

/// Returns the kinds that a mask's output resembles although it is harmless: they are exempt in a column with this
/// mask. No detector reports other output of masks, except e-mail addresses, which are exempt by their domain.
pub fn resembled(rule: &Rule) -> BTreeSet<Kind> {
    match rule.unvouched() {
        // A permuted number is a number, and may by chance be a person's.
        Rule::Phone(_) => [Kind::Phone].into(),
        Rule::Card(CardKind::Valid) => [Kind::Card].into(),
        // A valid check digit becomes invalid, but an invalid one may become valid by chance.
        Rule::RegistrationNumber => [Kind::RegistrationNumber].into(),
        Rule::BusinessNumber => [Kind::BusinessNumber].into(),
        Rule::Fixed(Scalar::Text(text)) => find(text).iter().map(|found| found.kind).collect(),
        // The author of an expression is responsible for its output, and redacted text only keeps words.
        Rule::Json(paths) => paths.iter().flat_map(|(_, rule)| resembled(rule)).collect(),
        Rule::Composite(parts) => parts.iter().filter_map(|(_, rule)| rule.as_ref()).flat_map(resembled).collect(),
        Rule::Hstore { keys, .. } => keys.iter().flat_map(|(_, rule)| resembled(rule)).collect(),
        _ => BTreeSet::new(),
    }
}

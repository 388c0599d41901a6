//! What a column probably holds, from its name, its type and a few of its values, and what to write of it
//! in `devdb.yaml`. A guess is a line for somebody to read: nothing is masked or kept because of it.

mod category;
mod column_names;
mod json;
mod render;
mod value_stats;

use category::Sense;
use column_names::{Said, said};
use json::Documents;
use value_stats::Values;

use crate::config::{KeptType, yaml_scalar};
use crate::mask::Refusal;
use crate::mask::type_kind::TypeKind;
use crate::pg::catalog::Column;

/// What is proposed for a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guess {
    /// What to write.
    pub proposal: Proposal,
    /// Why, in words; never a value.
    pub reason: String,
    /// How sure it is.
    pub sure: Confidence,
}

/// What to write of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proposal {
    /// A mask as it is written: `{ phone: kr }`. It compiles for the column.
    Mask(String),
    /// A line under `keep`.
    Keep,
    /// Nothing: its type may be kept as a whole.
    KeepType(KeptType),
    /// Nothing: it is computed, or follows the key that it refers to.
    Nothing,
    /// Nobody but a person can say.
    Unknown,
}

/// How sure a guess is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// Somebody has to look.
    Low,
    /// The name or the values say so.
    Likely,
    /// Both say so, or it cannot be otherwise.
    Certain,
}

/// Guesses what a column holds. `values` are some of its values as text, of arrays their elements; with
/// `refers` the column is part of a foreign key and follows what it refers to.
pub fn guess(column: &Column, values: &[String], refers: bool) -> Guess {
    let guess = |proposal, sure, reason: &str| Guess { proposal, reason: reason.to_owned(), sure };
    if column.generated {
        return guess(Proposal::Nothing, Confidence::Certain, "it is computed from other columns");
    }
    if refers {
        return guess(Proposal::Nothing, Confidence::Certain, "it refers to a key and becomes what that becomes");
    }
    let said = said(&column.name, &column.table);
    let kind = TypeKind::of(&column.base);
    match kind {
        TypeKind::Text { .. } => text(column, said, values),
        TypeKind::Json | TypeKind::Jsonb if !column.array => documents(column, values),
        TypeKind::Bytea => bytes(column, said),
        TypeKind::Inet => {
            masked(column, &Sense::Ip.masks_for(column), Confidence::Certain, "it holds network addresses")
        }
        _ => by_type(column, said),
    }
}

/// What a name and values say together; none when neither says anything personal.
fn sense_of(said: Said, values: &Values<'_>, numbers: bool) -> Option<Sense> {
    let common = values.common().filter(|_| !numbers);
    match (said, common) {
        // Values know best, but a digest looks like a token, and a company is called like a person.
        (Said::Sense(sense), Some(seen)) if seen != Sense::Secret && seen != Sense::Name => {
            Some(if seen == Sense::Ip { sense } else { seen })
        }
        (Said::Sense(sense), _) => {
            // A status called `mobile` holds words of a list, and a recipient may be a number or an address.
            let shown = matches!(
                sense,
                Sense::FreeText
                    | Sense::Password
                    | Sense::Username
                    | Sense::ForeignId
                    | Sense::Secret
                    | Sense::Position
                    | Sense::Url
            );
            let unlike = values.count() >= 10 && values.whole(sense) == 0 && !shown;
            match values.scattered() {
                Some(_) if unlike => Some(Sense::FreeText),
                _ if unlike && values.are_codes() && !matches!(sense, Sense::Name | Sense::Company) => None,
                _ => Some(sense),
            }
        }
        (Said::Harmless, Some(Sense::Secret | Sense::Name)) => None,
        (_, Some(seen)) => Some(seen),
        (_, None) if !numbers => values.scattered().map(|_| Sense::FreeText),
        _ => None,
    }
}

fn text(column: &Column, said: Said, texts: &[String]) -> Guess {
    let values = Values::of(texts.iter().map(String::as_str));
    let count = values.count();
    let seen = match count {
        0 => "there are no values to look at".to_owned(),
        _ => String::new(),
    };
    if let Some(sense) = sense_of(said, &values, false) {
        let named = said == Said::Sense(sense);
        let name = match said {
            Said::Sense(said) => format!("the name says {}", said.plural()),
            _ => String::new(),
        };
        let whole = values.whole(sense);
        let seen = match values.scattered() {
            _ if whole > 0 => format!("{whole} of {count} sampled values are {}", sense.plural()),
            Some((sense, some)) => format!("{some} of {count} sampled values hold {}", sense.plural()),
            None if count > 0 && said == Said::AnyName => format!("none of {count} sampled values says more"),
            None => seen,
        };
        let reason = [name, seen].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ");
        let sure = if named && (whole * 2 > count || sense == Sense::FreeText) {
            Confidence::Certain
        } else {
            Confidence::Likely
        };
        return masked(column, &sense.masks(&values), sure, &reason);
    }
    let guess = |proposal, sure, reason: String| Guess { proposal, reason, sure };
    if values.are_uuids() {
        return guess(Proposal::Keep, Confidence::Likely, format!("all {count} sampled values are UUIDs"));
    }
    if values.are_codes() {
        return guess(
            Proposal::Keep,
            Confidence::Likely,
            format!("a list of words: {} different ones in {count} sampled values", values.distinct()),
        );
    }
    if values.are_prose() {
        return masked(
            column,
            &Sense::FreeText.masks(&values),
            Confidence::Low,
            "most sampled values are of several words",
        );
    }
    if values.are_running() {
        return guess(Proposal::Keep, Confidence::Low, format!("all {count} sampled values are numbers written alike"));
    }
    let reason =
        if count == 0 { seen } else { format!("neither its name nor {count} sampled values say what it holds") };
    guess(Proposal::Unknown, Confidence::Low, reason)
}

fn documents(column: &Column, texts: &[String]) -> Guess {
    let documents = Documents::of(texts.iter().map(String::as_str));
    match documents.masks() {
        Some((masks, reason)) => {
            let masks: Vec<&str> = masks.iter().map(String::as_str).collect();
            masked(column, &masks, Confidence::Likely, &reason)
        }
        None if documents.read == 0 => Guess {
            proposal: Proposal::Unknown,
            reason: "there are no documents to look at".into(),
            sure: Confidence::Low,
        },
        None => {
            let reason =
                format!("none of {} paths in {} sampled documents looks personal", documents.paths(), documents.read);
            Guess { proposal: Proposal::Keep, reason, sure: Confidence::Low }
        }
    }
}

fn bytes(column: &Column, said: Said) -> Guess {
    if said == Said::Harmless {
        return Guess { proposal: Proposal::Keep, reason: "the name says a digest".into(), sure: Confidence::Likely };
    }
    masked(
        column,
        &Sense::ForeignId.masks_for(column),
        Confidence::Likely,
        "bytes may hold anything: pictures, names in them",
    )
}

fn by_type(column: &Column, said: Said) -> Guess {
    let kept = crate::mask::coverage::kept_type(column).filter(|_| !column.array);
    if let Said::Sense(sense) = said {
        let date = matches!(kept, Some(KeptType::Date | KeptType::Timestamp));
        let number = matches!(kept, Some(KeptType::Integer | KeptType::Number));
        let personal = match sense {
            Sense::BirthDate => date || number,
            Sense::Position => kept.is_none() || kept == Some(KeptType::Number),
            Sense::Phone | Sense::RegistrationNumber | Sense::BusinessNumber | Sense::Card | Sense::ForeignId => number,
            Sense::Secret => kept == Some(KeptType::Uuid),
            _ => false,
        };
        if personal {
            return masked(
                column,
                &sense.masks_for(column),
                Confidence::Likely,
                &format!("the name says {}", sense.plural()),
            );
        }
    }
    let what = match kept {
        Some(kept) => {
            return Guess {
                proposal: Proposal::KeepType(kept),
                reason: "its type holds no text".into(),
                sure: Confidence::Certain,
            };
        }
        None => &column.base,
    };
    if what.form == 'c' && !column.array {
        return composite(column);
    }
    if what.name == "oid" {
        let reason = "a number; if it is a large object's, that is scrubbed apart".to_owned();
        return Guess { proposal: Proposal::Keep, reason, sure: Confidence::Likely };
    }
    let element = Column { array: false, ..column.clone() };
    let numbers = column.array && crate::mask::coverage::kept_type(&element).is_some();
    if numbers || matches!(what.form, 'r' | 'm') || ["bit", "varbit", "xid8"].contains(&what.name.as_str()) {
        return Guess { proposal: Proposal::Keep, reason: "its type holds no text".into(), sure: Confidence::Likely };
    }
    masked(
        column,
        &Sense::FreeText.masks_for(column),
        Confidence::Low,
        &format!("its type, {}, may hold anything", what.name),
    )
}

/// Every attribute by its own name.
fn composite(column: &Column) -> Guess {
    let parts: Option<Vec<String>> = column
        .base
        .attributes
        .iter()
        .map(|attribute| {
            let name = yaml_scalar(&attribute.name);
            match guess(attribute, &[], false).proposal {
                Proposal::Mask(mask) => Some(format!("{name}: {mask}")),
                Proposal::Keep | Proposal::KeepType(_) => Some(format!("{name}: keep")),
                Proposal::Nothing | Proposal::Unknown => None,
            }
        })
        .collect();
    let whole = parts.map(|parts| format!("{{ composite: {{ {} }} }}", parts.join(", ")));
    let masks: Vec<&str> = whole.as_deref().into_iter().chain(["null"]).collect();
    masked(column, &masks, Confidence::Likely, "its attributes are named like that")
}

/// The first of the masks that the column takes.
fn masked(column: &Column, masks: &[&str], sure: Confidence, reason: &str) -> Guess {
    let masks: Vec<String> = masks.iter().map(|mask| (*mask).to_owned()).collect();
    let refused = |refusal: Refusal| format!("{reason}; {refusal}");
    match render::first_taken(column, &masks) {
        // A whole document's paths are too long to be said.
        Ok(mask) if Some(&mask) == masks.first() || masks[0].contains("json:") || masks[0].contains("composite:") => {
            Guess { proposal: Proposal::Mask(mask), reason: reason.to_owned(), sure }
        }
        Ok(mask) => Guess {
            proposal: Proposal::Mask(mask),
            reason: format!("{reason}; the column does not take `{}`", masks[0]),
            sure,
        },
        Err(refusal) => Guess {
            proposal: Proposal::Unknown,
            reason: refusal.map_or_else(|| reason.to_owned(), refused),
            sure: Confidence::Low,
        },
    }
}

#[cfg(test)]
mod tests;

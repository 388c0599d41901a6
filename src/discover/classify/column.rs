//! Classifies one column.

use super::category::Category;
use super::column_names::{NameMeaning, meaning};
use super::combine::category_of;
use super::json::Documents;
use super::masks;
use super::proposal::{Classification, Confidence, Proposal};
use super::render::first_accepted;
use super::value_stats::ValueStats;
use crate::config::{KeptType, yaml_scalar};
use crate::mask::Refusal;
use crate::mask::type_kind::TypeKind;
use crate::pg::catalog::Column;

/// Classifies a column. `values` are some of its values as text, or elements of its arrays; `is_reference` is true for
/// a column of a foreign key, whose values follow the column that it references.
pub fn classify(column: &Column, values: &[String], is_reference: bool) -> Classification {
    if column.generated {
        return classified(Proposal::Nothing, Confidence::Certain, "computed from other columns");
    }
    if is_reference {
        return classified(Proposal::Nothing, Confidence::Certain, "foreign key: follows the column it references");
    }
    let name = meaning(&column.name, &column.table);
    match TypeKind::of(&column.base) {
        TypeKind::Text { .. } => text(column, name, values),
        TypeKind::Json | TypeKind::Jsonb if !column.array => documents(column, values),
        TypeKind::Bytea => bytes(column, name),
        TypeKind::Inet => {
            masked(column, &masks::for_type(Category::Ip, column), Confidence::Certain, "network addresses")
        }
        _ => by_type(column, name),
    }
}

fn classified(proposal: Proposal, confidence: Confidence, reason: impl Into<String>) -> Classification {
    Classification { proposal, reason: reason.into(), confidence }
}

fn suggested(category: Category) -> String {
    format!("the name suggests {}", category.plural())
}

fn text(column: &Column, name: NameMeaning, texts: &[String]) -> Classification {
    let values = ValueStats::of(texts.iter().map(String::as_str));
    match category_of(name, &values, false) {
        Some(category) => personal_text(column, name, category, &values),
        None => other_text(column, &values),
    }
}

fn personal_text(column: &Column, name: NameMeaning, category: Category, values: &ValueStats<'_>) -> Classification {
    let (count, whole) = (values.count(), values.whole(category));
    let by_name = if let NameMeaning::Personal(named) = name { Some(suggested(named)) } else { None };
    let by_values = match values.scattered() {
        _ if whole > 0 => Some(format!("{whole} of {count} sampled values are {}", category.plural())),
        Some((found, some)) => Some(format!("{some} of {count} sampled values contain {}", found.plural())),
        None if count > 0 && name == NameMeaning::NameOfAnything => {
            Some(format!("{count} sampled values may be names of people or things"))
        }
        None if count == 0 => Some("no values to sample".to_owned()),
        None => None,
    };
    let reason = by_name.into_iter().chain(by_values).collect::<Vec<_>>().join("; ");
    let is_named = name == NameMeaning::Personal(category);
    let confidence = if is_named && (whole * 2 > count || category == Category::FreeText) {
        Confidence::Certain
    } else {
        Confidence::Likely
    };
    masked(column, &masks::for_text(category, values), confidence, &reason)
}

fn other_text(column: &Column, values: &ValueStats<'_>) -> Classification {
    let count = values.count();
    if values.are_uuids() {
        return classified(Proposal::Keep, Confidence::Likely, format!("all {count} sampled values are UUIDs"));
    }
    if values.are_codes() {
        let reason = format!("few distinct values: {} in {count} sampled values", values.distinct());
        return classified(Proposal::Keep, Confidence::Likely, reason);
    }
    if values.are_prose() {
        let masks = masks::for_text(Category::FreeText, values);
        return masked(column, &masks, Confidence::Low, "many sampled values have several words");
    }
    if values.are_serial_numbers() {
        let reason = format!("all {count} sampled values are numbers of the same format");
        return classified(Proposal::Keep, Confidence::Low, reason);
    }
    let reason = match count {
        0 => "no values to sample".to_owned(),
        _ => format!("neither the name nor {count} sampled values show what it holds"),
    };
    classified(Proposal::Unknown, Confidence::Low, reason)
}

fn documents(column: &Column, texts: &[String]) -> Classification {
    let documents = Documents::of(texts.iter().map(String::as_str));
    match documents.masks() {
        Some((masks, reason)) => {
            let masks: Vec<&str> = masks.iter().map(String::as_str).collect();
            masked(column, &masks, Confidence::Likely, &reason)
        }
        None if documents.count == 0 => classified(Proposal::Unknown, Confidence::Low, "no documents to sample"),
        None => {
            let (paths, count) = (documents.paths(), documents.count);
            let reason = format!("none of {paths} paths in {count} sampled documents looks personal");
            classified(Proposal::Keep, Confidence::Low, reason)
        }
    }
}

fn bytes(column: &Column, name: NameMeaning) -> Classification {
    if name == NameMeaning::Harmless {
        return classified(Proposal::Keep, Confidence::Likely, "the name suggests a digest");
    }
    let masks = masks::for_type(Category::ForeignId, column);
    masked(column, &masks, Confidence::Likely, "binary data can hold anything, such as photos or names")
}

fn by_type(column: &Column, name: NameMeaning) -> Classification {
    const NO_TEXT: &str = "the type holds no text";
    let kept = crate::mask::coverage::kept_type(column).filter(|_| !column.array);
    if let NameMeaning::Personal(category) = name
        && holds(kept, category)
    {
        return masked(column, &masks::for_type(category, column), Confidence::Likely, &suggested(category));
    }
    if let Some(kept) = kept {
        return classified(Proposal::KeepType(kept), Confidence::Certain, NO_TEXT);
    }
    let base = &column.base;
    if base.form == 'c' && !column.array {
        return composite(column);
    }
    if base.name == "oid" {
        let reason = "an object identifier; large objects are scrubbed separately";
        return classified(Proposal::Keep, Confidence::Likely, reason);
    }
    let element = Column { array: false, ..column.clone() };
    let numbers = column.array && crate::mask::coverage::kept_type(&element).is_some();
    if numbers || matches!(base.form, 'r' | 'm') || ["bit", "varbit", "xid8"].contains(&base.name.as_str()) {
        return classified(Proposal::Keep, Confidence::Likely, NO_TEXT);
    }
    let masks = masks::for_type(Category::FreeText, column);
    masked(column, &masks, Confidence::Low, &format!("type {} can hold anything", base.name))
}

/// Whether values of a category are stored in a type.
fn holds(kept: Option<KeptType>, category: Category) -> bool {
    let date = matches!(kept, Some(KeptType::Date | KeptType::Timestamp));
    let number = matches!(kept, Some(KeptType::Integer | KeptType::Number));
    match category {
        Category::BirthDate => date || number,
        Category::Position => kept.is_none() || kept == Some(KeptType::Number),
        Category::Phone
        | Category::RegistrationNumber
        | Category::BusinessNumber
        | Category::Card
        | Category::ForeignId => number,
        Category::Secret => kept == Some(KeptType::Uuid),
        _ => false,
    }
}

/// Classifies each attribute by its own name.
fn composite(column: &Column) -> Classification {
    let parts: Option<Vec<String>> = column
        .base
        .attributes
        .iter()
        .map(|attribute| {
            let name = yaml_scalar(&attribute.name);
            match classify(attribute, &[], false).proposal {
                Proposal::Mask(mask) => Some(format!("{name}: {mask}")),
                Proposal::Keep | Proposal::KeepType(_) => Some(format!("{name}: keep")),
                Proposal::Nothing | Proposal::Unknown => None,
            }
        })
        .collect();
    let whole = parts.map(|parts| format!("{{ composite: {{ {} }} }}", parts.join(", ")));
    let masks: Vec<&str> = whole.as_deref().into_iter().chain(["null"]).collect();
    masked(column, &masks, Confidence::Likely, "by the names of its attributes")
}

/// Proposes the first of the masks that compiles for the column.
fn masked(column: &Column, masks: &[&str], confidence: Confidence, reason: &str) -> Classification {
    let masks: Vec<String> = masks.iter().map(|mask| (*mask).to_owned()).collect();
    match first_accepted(column, &masks) {
        // Masks of whole documents are too long for a reason.
        Ok(mask) if Some(&mask) == masks.first() || masks[0].contains("json:") || masks[0].contains("composite:") => {
            classified(Proposal::Mask(mask), confidence, reason)
        }
        Ok(mask) => {
            let reason = format!("{reason}; the column does not accept `{}`", masks[0]);
            classified(Proposal::Mask(mask), confidence, reason)
        }
        Err(refusal) => {
            let refused = |refusal: Refusal| format!("{reason}; {refusal}");
            let reason = refusal.map_or_else(|| reason.to_owned(), refused);
            classified(Proposal::Unknown, Confidence::Low, reason)
        }
    }
}

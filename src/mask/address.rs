//! Postal address from word lists: a real district and an invented street.

use crate::config::mask::Fake;

use super::output::{Distinct, MaskInput, MaskOutput};
use super::refusal::RefusalReason;
use super::sql::{cast, concat, op, pick, text};
use super::wordlists::{english, korean};

/// Highest house number.
const MAX_HOUSE_NUMBER: usize = 300;

pub(super) fn make(fake: Fake, input: &MaskInput<'_>) -> Result<MaskOutput, RefusalReason> {
    input.ensure_text()?;
    let value = input.text();
    let class = input.key.class("address");
    let pick_word = |list: &[&str], label: &str| pick(list, &class.choice(&value, label, list.len()));
    let longest = |list: &[&str]| list.iter().map(|word| word.chars().count()).max().unwrap_or(0);
    let house = cast(&op("1", "+", &class.choice(&value, "house", MAX_HOUSE_NUMBER)), "text");
    let (sql, longest) = if fake == Fake::EnglishAddress {
        let streets: Vec<&str> = english::STREETS.split(',').collect();
        let towns: Vec<&str> = english::TOWNS.split(',').collect();
        let street = pick_word(&streets, "street");
        let town = pick_word(&towns, "town");
        (concat(&[&house, &text(" "), &street, &text(", "), &town]), 3 + 1 + longest(&streets) + 2 + longest(&towns))
    } else {
        let districts: Vec<&str> = korean::DISTRICTS.split(',').collect();
        let roads: Vec<&str> = korean::ROADS.split_whitespace().collect();
        let district = pick_word(&districts, "town");
        let road = pick_word(&roads, "street");
        (concat(&[&district, &text(" "), &road, &text(" "), &house]), longest(&districts) + 1 + longest(&roads) + 1 + 3)
    };
    input.ensure_fits(longest)?;
    Ok(MaskOutput::text(sql, 10, longest, Distinct::No))
}

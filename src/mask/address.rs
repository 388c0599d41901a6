//! A postal address put together of lists: a real district, an invented street.

use crate::config::mask::Fake;

use super::output::{Distinct, MaskInput, MaskOutput};
use super::refusal::Why;
use super::sql::{cast, concat, op, pick, text};
use super::wordlists::{english, korean};

/// House numbers go from 1 to this.
const HOUSES: usize = 300;

pub(super) fn make(fake: Fake, site: &MaskInput<'_>) -> Result<MaskOutput, Why> {
    site.must_be_text()?;
    let value = site.text();
    let class = site.key.class("address");
    let one = |list: &[&str], label: &str| pick(list, &class.choice(&value, label, list.len()));
    let longest = |list: &[&str]| list.iter().map(|word| word.chars().count()).max().unwrap_or(0);
    let house = cast(&op("1", "+", &class.choice(&value, "house", HOUSES)), "text");
    let (sql, longest) = if fake == Fake::EnglishAddress {
        let streets: Vec<&str> = english::STREETS.split(',').collect();
        let towns: Vec<&str> = english::TOWNS.split(',').collect();
        let street = one(&streets, "street");
        let town = one(&towns, "town");
        (concat(&[&house, &text(" "), &street, &text(", "), &town]), 3 + 1 + longest(&streets) + 2 + longest(&towns))
    } else {
        let districts: Vec<&str> = korean::DISTRICTS.split(',').collect();
        let roads: Vec<&str> = korean::ROADS.split_whitespace().collect();
        let district = one(&districts, "town");
        let road = one(&roads, "street");
        (concat(&[&district, &text(" "), &road, &text(" "), &house]), longest(&districts) + 1 + longest(&roads) + 1 + 3)
    };
    site.must_fit(longest)?;
    Ok(MaskOutput::text(sql, 10, longest, Distinct::No))
}

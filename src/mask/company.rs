//! A company's name put together of two lists.

use crate::config::mask::Fake;

use super::output::{Distinct, MaskInput, MaskOutput};
use super::refusal::Why;
use super::sql::{concat, pick, text};
use super::wordlists::{english, korean};

pub(super) fn make(fake: Fake, site: &MaskInput<'_>) -> Result<MaskOutput, Why> {
    site.must_be_text()?;
    let (beginnings, between, ends) = match fake {
        Fake::EnglishCompany => (english::COMPANIES, " ", english::TRADES),
        _ => (korean::COMPANIES, "", korean::TRADES),
    };
    let beginnings: Vec<&str> = beginnings.split_whitespace().collect();
    let ends: Vec<&str> = ends.split_whitespace().collect();
    let longest = |list: &[&str]| list.iter().map(|word| word.chars().count()).max().unwrap_or(0);
    let longest = longest(&beginnings) + between.len() + longest(&ends);
    site.must_fit(longest)?;
    let value = site.text();
    let class = site.key.class("company");
    let first = pick(&beginnings, &class.choice(&value, "first", beginnings.len()));
    let last = pick(&ends, &class.choice(&value, "last", ends.len()));
    Ok(MaskOutput::text(concat(&[&first, &text(between), &last]), 4, longest, Distinct::No))
}

//! Company name from two word lists.

use crate::config::mask::Fake;

use super::output::{Distinct, MaskInput, MaskOutput};
use super::refusal::RefusalReason;
use super::sql::{concat, pick, text};
use super::wordlists::{english, korean};

pub(super) fn make(fake: Fake, input: &MaskInput<'_>) -> Result<MaskOutput, RefusalReason> {
    input.ensure_text()?;
    let (first_words, separator, last_words) = match fake {
        Fake::EnglishCompany => (english::COMPANIES, " ", english::TRADES),
        _ => (korean::COMPANIES, "", korean::TRADES),
    };
    let first_words: Vec<&str> = first_words.split_whitespace().collect();
    let last_words: Vec<&str> = last_words.split_whitespace().collect();
    let longest = |list: &[&str]| list.iter().map(|word| word.chars().count()).max().unwrap_or(0);
    let longest = longest(&first_words) + separator.len() + longest(&last_words);
    input.ensure_fits(longest)?;
    let value = input.text();
    let class = input.key.class("company");
    let first = pick(&first_words, &class.choice(&value, "first", first_words.len()));
    let last = pick(&last_words, &class.choice(&value, "last", last_words.len()));
    Ok(MaskOutput::text(concat(&[&first, &text(separator), &last]), 4, longest, Distinct::No))
}

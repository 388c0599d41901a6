//! Name from a word list, weighted by frequency. Different people may get the same name, as in reality.

use crate::config::mask::Fake;

use super::output::{Distinct, MaskInput, MaskOutput};
use super::refusal::RefusalReason;
use super::sql::{concat, pick, text};
use super::wordlists::{english, korean};

pub(super) fn make(fake: Fake, input: &MaskInput<'_>) -> Result<MaskOutput, RefusalReason> {
    input.ensure_text()?;
    let value = input.text();
    let class = input.key.class("name");
    let pick_name = |list: &[String], label: &str| pick(list, &class.choice(&value, label, list.len()));
    let korean_families = korean::families();
    let korean_given: Vec<String> = korean::GIVEN.split_whitespace().map(str::to_owned).collect();
    let english_families: Vec<String> = english::FAMILIES.split_whitespace().map(str::to_owned).collect();
    let english_given: Vec<String> = english::GIVEN.split_whitespace().map(str::to_owned).collect();
    let (sql, lists, separators): (String, Vec<&[String]>, usize) = match fake {
        Fake::KoreanFamilyName => (pick_name(&korean_families, "family"), vec![&korean_families], 0),
        Fake::KoreanGivenName => (pick_name(&korean_given, "given"), vec![&korean_given], 0),
        Fake::EnglishFamilyName => (pick_name(&english_families, "family"), vec![&english_families], 0),
        Fake::EnglishGivenName => (pick_name(&english_given, "given"), vec![&english_given], 0),
        Fake::EnglishName => (
            concat(&[&pick_name(&english_given, "given"), &text(" "), &pick_name(&english_families, "family")]),
            vec![&english_given, &english_families],
            1,
        ),
        _ => (
            concat(&[&pick_name(&korean_families, "family"), &pick_name(&korean_given, "given")]),
            vec![&korean_families, &korean_given],
            0,
        ),
    };
    let lengths = |combine: fn(usize, usize) -> usize, from: usize| -> usize {
        lists.iter().map(|list| list.iter().map(|word| word.chars().count()).fold(from, combine)).sum::<usize>()
            + separators
    };
    let (shortest, longest) = (lengths(usize::min, usize::MAX >> 8), lengths(usize::max, 0));
    input.ensure_fits(longest)?;
    let pattern = match fake {
        Fake::EnglishName => "[A-Z][A-Za-z]+ [A-Z][A-Za-z]+".to_owned(),
        Fake::EnglishFamilyName | Fake::EnglishGivenName => {
            format!("[A-Z][A-Za-z]{{{},{}}}", shortest - 1, longest - 1)
        }
        _ => format!("[가-힣]{{{shortest},{longest}}}"),
    };
    Ok(MaskOutput::text(sql, shortest, longest, Distinct::No).with_pattern(pattern))
}

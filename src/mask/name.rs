//! A name of a list, by frequency. Different people may get the same one, as they do in life.

use crate::config::mask::Fake;

use super::output::{Distinct, MaskInput, MaskOutput};
use super::refusal::Why;
use super::sql::{concat, pick, text};
use super::wordlists::{english, korean};

pub(super) fn make(fake: Fake, site: &MaskInput<'_>) -> Result<MaskOutput, Why> {
    site.must_be_text()?;
    let value = site.text();
    let class = site.key.class("name");
    let one = |list: &[String], label: &str| pick(list, &class.choice(&value, label, list.len()));
    let korean_families = korean::families();
    let korean_given: Vec<String> = korean::GIVEN.split_whitespace().map(str::to_owned).collect();
    let english_families: Vec<String> = english::FAMILIES.split_whitespace().map(str::to_owned).collect();
    let english_given: Vec<String> = english::GIVEN.split_whitespace().map(str::to_owned).collect();
    let (sql, lists, between): (String, Vec<&[String]>, usize) = match fake {
        Fake::KoreanFamilyName => (one(&korean_families, "family"), vec![&korean_families], 0),
        Fake::KoreanGivenName => (one(&korean_given, "given"), vec![&korean_given], 0),
        Fake::EnglishFamilyName => (one(&english_families, "family"), vec![&english_families], 0),
        Fake::EnglishGivenName => (one(&english_given, "given"), vec![&english_given], 0),
        Fake::EnglishName => (
            concat(&[&one(&english_given, "given"), &text(" "), &one(&english_families, "family")]),
            vec![&english_given, &english_families],
            1,
        ),
        _ => (
            concat(&[&one(&korean_families, "family"), &one(&korean_given, "given")]),
            vec![&korean_families, &korean_given],
            0,
        ),
    };
    let lengths = |by: fn(usize, usize) -> usize, from: usize| -> usize {
        lists.iter().map(|list| list.iter().map(|word| word.chars().count()).fold(from, by)).sum::<usize>() + between
    };
    let (shortest, longest) = (lengths(usize::min, usize::MAX >> 8), lengths(usize::max, 0));
    site.must_fit(longest)?;
    let form = match fake {
        Fake::EnglishName => "[A-Z][A-Za-z]+ [A-Z][A-Za-z]+".to_owned(),
        Fake::EnglishFamilyName | Fake::EnglishGivenName => {
            format!("[A-Z][A-Za-z]{{{},{}}}", shortest - 1, longest - 1)
        }
        _ => format!("[가-힣]{{{shortest},{longest}}}"),
    };
    Ok(MaskOutput::text(sql, shortest, longest, Distinct::No).written(form))
}

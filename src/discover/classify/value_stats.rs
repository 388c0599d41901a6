//! Statistics of a column's sampled values. They contain no value.

use std::collections::{BTreeMap, BTreeSet};

use super::category::Category;
use super::value_patterns::{
    contains_korean_name, is_address, is_company, is_hangul, is_korean_name, is_latin_name, is_random,
};
use crate::discover::detect;

/// Statistics of the values of one column, or at one path of its documents.
pub(super) struct ValueStats<'a> {
    /// All values that are neither NULL nor empty.
    texts: Vec<&'a str>,
    /// Values that are of a category as a whole.
    whole: BTreeMap<Category, usize>,
    /// Values with a part of a category.
    within: BTreeMap<Category, usize>,
    distinct: usize,
}

impl<'a> ValueStats<'a> {
    /// Computes the statistics.
    pub(super) fn of(texts: impl IntoIterator<Item = &'a str>) -> ValueStats<'a> {
        let texts: Vec<&str> = texts.into_iter().map(str::trim).filter(|text| !text.is_empty()).collect();
        let distinct = texts.iter().collect::<BTreeSet<_>>().len();
        let mut values = ValueStats { texts, whole: BTreeMap::new(), within: BTreeMap::new(), distinct };
        for text in values.texts.clone() {
            values.add(text);
        }
        values
    }

    fn add(&mut self, text: &str) {
        let mut within = BTreeSet::new();
        let mut whole = BTreeSet::new();
        detect::visit(text, &mut |found| {
            let category = Category::from(found.kind);
            within.insert(category);
            // The parenthesis before an area code is not part of the match.
            if found.end - found.start + 1 >= text.len() {
                whole.insert(category);
            }
        });
        if text.split('/').next().is_some_and(|host| host.parse::<std::net::IpAddr>().is_ok()) {
            whole.insert(Category::Ip);
        }
        if is_korean_name(text) || is_latin_name(text) {
            whole.insert(Category::Name);
        } else if contains_korean_name(text) {
            within.insert(Category::Name);
        }
        if text.starts_with("https://") || text.starts_with("http://") {
            whole.insert(Category::Url);
        }
        if is_address(text) {
            whole.insert(Category::Address);
        }
        if is_company(text) {
            whole.insert(Category::Company);
        }
        if is_random(text) {
            whole.insert(Category::Secret);
        }
        for category in whole {
            *self.whole.entry(category).or_default() += 1;
        }
        for category in within {
            *self.within.entry(category).or_default() += 1;
        }
    }

    /// Number of values that are neither NULL nor empty.
    pub(super) fn count(&self) -> usize {
        self.texts.len()
    }

    /// Number of values that are of a category as a whole.
    pub(super) fn whole(&self, category: Category) -> usize {
        self.whole.get(&category).copied().unwrap_or(0)
    }

    /// The category of most values. For names, many distinct values are required: titles such as `대표` and `전시회` begin
    /// with family names too.
    pub(super) fn common(&self) -> Option<Category> {
        let (category, count) = self.whole.iter().max_by_key(|(_, count)| **count)?;
        let needed = match category {
            Category::Name | Category::Address | Category::Company => self.count() / 2 + 1,
            _ => self.count() * 3 / 5 + 1,
        };
        let varied = !matches!(category, Category::Name | Category::Company)
            || self.distinct >= 10 && self.distinct * 4 >= self.count();
        (*count >= needed && varied).then_some(*category)
    }

    /// The most frequent category found inside values, and the number of these values.
    pub(super) fn scattered(&self) -> Option<(Category, usize)> {
        let count = |category: Category| {
            let whole = if category == Category::Name { 0 } else { self.whole(category) };
            self.within.get(&category).copied().unwrap_or(0).max(whole)
        };
        let categories = [
            Category::Email,
            Category::Phone,
            Category::Card,
            Category::RegistrationNumber,
            Category::BusinessNumber,
            Category::Secret,
            Category::Ip,
            Category::Name,
        ];
        let most =
            categories.into_iter().map(|category| (category, count(category))).max_by_key(|(_, count)| *count)?;
        (most.1 > 0).then_some(most)
    }

    /// Whether there are few distinct values, short and without personal data.
    pub(super) fn are_codes(&self) -> bool {
        let short = self.texts.iter().all(|text| text.chars().count() <= 40);
        short
            && self.count() > 0
            && self.distinct <= 20
            && self.count() >= 5 * self.distinct
            && self.scattered().is_none()
    }

    /// Number of distinct values.
    pub(super) fn distinct(&self) -> usize {
        self.distinct
    }

    /// Whether all values are short numbers of the same format: `HN-2026-000123`, `08/29`.
    pub(super) fn are_serial_numbers(&self) -> bool {
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).count();
        let shape = |text: &str| -> String { text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect() };
        let shapes: BTreeSet<String> =
            self.texts.iter().map(|text| shape(text).trim_end_matches('0').to_owned()).collect();
        self.count() >= 20
            && shapes.len() <= 3
            && self.texts.iter().all(|text| (1..=12).contains(&digits(text)) && text.len() <= 24)
    }

    /// Whether all values are UUIDs.
    pub(super) fn are_uuids(&self) -> bool {
        let is = |text: &&str| {
            text.len() == 36
                && text.bytes().enumerate().all(|(at, byte)| {
                    if [8, 13, 18, 23].contains(&at) { byte == b'-' } else { byte.is_ascii_hexdigit() }
                })
        };
        self.count() > 0 && self.texts.iter().all(is)
    }

    /// Whether more than a third of the values have four words or more.
    pub(super) fn are_prose(&self) -> bool {
        let words = self.texts.iter().filter(|text| text.split_whitespace().count() >= 4).count();
        self.count() >= 5 && words * 3 > self.count()
    }

    /// Whether most values have letters, and few of these have Hangul.
    pub(super) fn are_english(&self) -> bool {
        let with = |is: fn(char) -> bool| self.texts.iter().filter(|text| text.chars().any(is)).count();
        let letters = with(char::is_alphabetic);
        letters * 2 > self.count() && with(is_hangul) * 5 < letters
    }

    /// Whether most values are telephone numbers in North American notation.
    pub(super) fn are_north_american(&self) -> bool {
        let is = |text: &&&str| {
            text.starts_with("+1") || text.starts_with('(') || !text.starts_with(['+', '0']) && text.len() <= 14
        };
        self.count() > 0 && self.texts.iter().filter(is).count() * 2 > self.count()
    }

    /// Whether some values are ZIP+4 codes. Five digits are a postal code in Korea too.
    pub(super) fn are_zip_plus_four(&self) -> bool {
        self.texts.iter().any(|text| text.len() == 10 && text.as_bytes()[5] == b'-')
    }

    /// Whether most values are telephone numbers with another country code than Korea's.
    pub(super) fn are_international(&self) -> bool {
        let is = |text: &&&str| text.starts_with('+') && !text.starts_with("+82");
        self.texts.iter().filter(is).count() * 2 > self.count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_serial_numbers_are_recognized() {
        let codes: Vec<&str> = ["google", "kakao"].into_iter().cycle().take(60).collect();
        assert!(ValueStats::of(codes.iter().copied()).are_codes());
        let running: Vec<String> = (0..60).map(|n| format!("HN-2026-{n:06}")).collect();
        let running = ValueStats::of(running.iter().map(String::as_str));
        assert!(running.are_serial_numbers() && !running.are_codes());
        let people = ["김민수", "이서연"].into_iter().cycle().take(60);
        assert_eq!(ValueStats::of(people).common(), None, "two repeated names are titles");
    }
}

//! What `devdb masks` shows: every mask with what it makes, keeps and costs.

use std::fmt::Write as _;

use serde::Serialize;

/// A mask as it is listed.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// How it is written.
    pub mask: &'static str,
    /// What it makes, lower case.
    pub makes: &'static str,
    /// Types of columns that it takes.
    pub takes: &'static str,
    /// What it keeps of a value, beside NULL and the empty string.
    pub keeps: &'static str,
    /// Whether different values stay different, so that it may be used for a unique column.
    pub unique: bool,
    /// Whether the same value becomes the same in every table.
    pub consistent: bool,
    /// What it costs for a row.
    pub cost: Cost,
    /// A value.
    pub from: &'static str,
    /// What becomes of it under the key `an example key`.
    pub to: &'static str,
}

/// What a mask costs for a row, beside rewriting the row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Cost {
    /// A constant, or next to nothing.
    Free,
    /// Under 2 µs: lookup hashes.
    Low,
    /// About 5 µs: a keyed hash (HMAC-SHA256), or a permutation.
    Medium,
    /// 10 µs and more: regular expressions, or several hashes.
    High,
}

impl Cost {
    /// As it is shown.
    pub fn word(self) -> &'static str {
        match self {
            Cost::Free => "free",
            Cost::Low => "low",
            Cost::Medium => "medium",
            Cost::High => "high",
        }
    }
}

/// All masks, in the order in which a reader looks for them.
pub fn list() -> Vec<Entry> {
    let entry = |mask, makes, takes, keeps, (unique, consistent), cost, (from, to)| Entry {
        mask,
        makes,
        takes,
        keeps,
        unique,
        consistent,
        cost,
        from,
        to,
    };
    let (distinct, alike, neither) = ((true, true), (false, true), (false, false));
    vec![
        entry(
            "email",
            "an address at example.com",
            "text",
            "that it is an address; spellings in other case stay near",
            distinct,
            Cost::Medium,
            ("minsu.kim@haneul.example", "ub070f1ef81cbba896f2b@example.com"),
        ),
        entry(
            "email: {domain: dev.example}",
            "an address at a domain of choice",
            "text",
            "the same",
            distinct,
            Cost::Medium,
            ("minsu.kim@haneul.example", "ub070f1ef81cbba896f2b@dev.example"),
        ),
        entry("username", "a user name", "text", "nothing", distinct, Cost::Medium, ("minsu", "user_52fa5acfe7ff4c0d")),
        entry(
            "url",
            "an address on the web",
            "text",
            "nothing",
            distinct,
            Cost::Medium,
            ("https://haneul.example/u/7", "https://example.com/197f29f1bdc0dff361b3"),
        ),
        entry(
            "uuid",
            "a UUID of version 4",
            "uuid, text",
            "capital letters",
            distinct,
            Cost::Medium,
            ("0b0c4b6a-6c1f-4a39-9a53-7d3b5f0a1d11", "27330fa2-406b-49a9-8b99-e18c2d24cd54"),
        ),
        entry(
            "identifier",
            "another integer: a permutation",
            "smallint, integer, bigint",
            "the sign, 0, and whether it fits a smallint or an integer",
            distinct,
            Cost::Medium,
            ("4711", "8940"),
        ),
        entry(
            "identifier: {within: 1000000}",
            "another integer",
            "smallint, integer, bigint",
            "the same, and whether it is at most that",
            distinct,
            Cost::Medium,
            ("471100", "511641"),
        ),
        entry(
            "phone: kr",
            "a Korean mobile number",
            "text",
            "how it is written, the digits before the last eight",
            distinct,
            Cost::Medium,
            ("010-1124-2486", "010-0341-9296"),
        ),
        entry(
            "phone: e164",
            "an international number",
            "text",
            "the digits before the last eight",
            distinct,
            Cost::Medium,
            ("+821011242486", "+821003419296"),
        ),
        entry(
            "phone: us",
            "a North American number",
            "text",
            "how it is written, the area code",
            distinct,
            Cost::Medium,
            ("(415) 555-0123", "(415) 897-4740"),
        ),
        entry(
            "fake: korean_name",
            "a family and a given name",
            "text",
            "nothing",
            alike,
            Cost::Low,
            ("김민수", "신하은"),
        ),
        entry(
            "fake: korean_family_name",
            "a family name, by frequency",
            "text",
            "nothing",
            alike,
            Cost::Low,
            ("김", "허"),
        ),
        entry("fake: korean_given_name", "a given name", "text", "nothing", alike, Cost::Low, ("민수", "유찬")),
        entry(
            "fake: english_name",
            "a given and a family name",
            "text",
            "nothing",
            alike,
            Cost::Low,
            ("Jane Doe", "Robert Edwards"),
        ),
        entry("fake: english_family_name", "a family name", "text", "nothing", alike, Cost::Low, ("Doe", "Murphy")),
        entry("fake: english_given_name", "a given name", "text", "nothing", alike, Cost::Low, ("Jane", "Michelle")),
        entry(
            "fake: korean_address",
            "a district, an invented street, a number",
            "text",
            "nothing",
            alike,
            Cost::Low,
            ("서울특별시 종로구 세종대로 1", "경기도 성남시 은하수로 28"),
        ),
        entry(
            "fake: english_address",
            "a number, a street, a town",
            "text",
            "nothing",
            alike,
            Cost::Low,
            ("1 Main St, Boston", "243 Willow Way, Riverside"),
        ),
        entry("fake: korean_company", "a company", "text", "nothing", alike, Cost::Low, ("하늘노트", "한빛산업")),
        entry(
            "fake: english_company",
            "a company",
            "text",
            "nothing",
            alike,
            Cost::Low,
            ("Haneul Notes", "Clearwater Logistics"),
        ),
        entry(
            "postal_code: kr",
            "five digits that are no code in Korea",
            "text",
            "nothing",
            alike,
            Cost::Low,
            ("04524", "71771"),
        ),
        entry(
            "postal_code: us",
            "five digits that are no code in the United States",
            "text",
            "nothing",
            alike,
            Cost::Low,
            ("02108", "00454"),
        ),
        entry(
            "date: year",
            "a day of the same year",
            "date, timestamp, timestamptz",
            "the year",
            alike,
            Cost::Low,
            ("1988-04-17", "1988-07-03"),
        ),
        entry(
            "date: month",
            "a day of the same month",
            "date, timestamp, timestamptz",
            "year and month",
            alike,
            Cost::Low,
            ("1988-04-17", "1988-04-11"),
        ),
        entry(
            "date: {shift: 30}",
            "a date at most 30 days off, never the same",
            "date, timestamp, timestamptz",
            "the date, nearly",
            alike,
            Cost::Low,
            ("1988-04-17", "1988-03-24"),
        ),
        entry(
            "date: {shift: 30, by: id}",
            "the same, all dates of rows with one id moved alike",
            "date, timestamp, timestamptz",
            "the time between the dates of a row",
            neither,
            Cost::Low,
            ("1988-04-17", "1988-04-04"),
        ),
        entry(
            "registration_number",
            "a resident registration number with a wrong check digit",
            "text",
            "whether it has a hyphen",
            alike,
            Cost::Low,
            ("880417-1234567", "920821-2495130"),
        ),
        entry(
            "business_number",
            "a business number with a wrong check digit",
            "text",
            "whether it has hyphens",
            alike,
            Cost::Low,
            ("124-81-00998", "517-01-37369"),
        ),
        entry(
            "card",
            "a card number of a test range that fails the Luhn check",
            "text",
            "its separators",
            alike,
            Cost::Low,
            ("4242-4242-4242-4242", "4000-0044-4853-5208"),
        ),
        entry(
            "card: valid",
            "a card number of a test range that passes it",
            "text",
            "its separators",
            alike,
            Cost::Low,
            ("4242424242424242", "4000000253717971"),
        ),
        entry(
            "ip",
            "an address of the ranges for documentation",
            "text, inet, cidr",
            "its version",
            alike,
            Cost::Low,
            ("121.160.12.7", "198.51.100.11"),
        ),
        entry(
            "text: lorem",
            "other words",
            "text",
            "its length",
            alike,
            Cost::Low,
            ("Call me after six", "s nostrud exercit"),
        ),
        entry(
            "text: shape",
            "every letter an x, every digit a 0",
            "text",
            "its length, capitals, hangul, punctuation",
            alike,
            Cost::High,
            ("Kim 3층", "Xxx 0가"),
        ),
        entry(
            "text: redact",
            "itself, *** for addresses and runs of seven digits and more",
            "text",
            "all other words, names too",
            alike,
            Cost::High,
            ("ask kim@haneul.example, 010-1124-2486", "ask ***, ***"),
        ),
        entry("bytes", "other bytes", "bytea", "its length", alike, Cost::Medium, ("\\x0102030405", "\\x1cefb15eff")),
        entry(
            "bytes: 16",
            "16 other bytes",
            "bytea",
            "nothing",
            distinct,
            Cost::Medium,
            ("\\x0102030405", "\\x1cefb15effbab2889542e4375d59eda3"),
        ),
        entry(
            "enum: {by: id}",
            "a label chosen by another column",
            "an enum",
            "nothing",
            neither,
            Cost::Low,
            ("silver", "gold"),
        ),
        entry(
            "json: {\"$.user.email\": email}",
            "masked values at these paths; an object or array there becomes null",
            "json, jsonb",
            "everything else",
            alike,
            Cost::High,
            (
                "{\"id\": 7, \"user\": {\"email\": \"a@b.c\"}}",
                "{\"id\": 7, \"user\": {\"email\": \"u88fc85c6785c54cb59d6@example.com\"}}",
            ),
        ),
        entry(
            "fixed: changed",
            "this value",
            "text, integers, boolean, date, uuid, inet, json, an enum",
            "nothing",
            alike,
            Cost::Free,
            ("$2b$10$hash", "changed"),
        ),
        entry("null", "NULL", "anything that may be NULL", "nothing", alike, Cost::Free, ("a secret", "NULL")),
        entry(
            "sql: upper(left(value, 1))",
            "what the expression makes",
            "anything",
            "what its author vouches for",
            neither,
            Cost::Free,
            ("kim", "K"),
        ),
    ]
}

/// The list as a table for people.
pub fn table() -> String {
    let mut text = String::new();
    for entry in list() {
        let yes = |is: bool| if is { "yes" } else { "no" };
        let _ = write!(
            text,
            "{}\n    makes {}\n    takes {}; keeps {}\n    unique: {}, the same in every table: {}, cost: {}\n    {} -> {}\n",
            entry.mask,
            entry.makes,
            entry.takes,
            entry.keeps,
            yes(entry.unique),
            yes(entry.consistent),
            entry.cost.word(),
            entry.from,
            entry.to
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mask::Rule;

    #[test]
    fn every_entry_is_a_mask_as_written() {
        for entry in list() {
            let written = serde_yaml::from_str(entry.mask).unwrap_or_else(|error| panic!("{}: {error}", entry.mask));
            let rule = Rule::meant(&written).unwrap();
            assert!(entry.mask.starts_with(rule.name()), "{}", entry.mask);
        }
    }
}

//! Runs all detectors over a text.

use super::kind::Match;
use super::word::is_within_word;
use super::{email, ip, number, secret, width};

/// Returns all matches in the order of the text, except that an e-mail address is ordered by its `@`.
pub fn find(text: &str) -> Vec<Match> {
    let mut matches = Vec::new();
    visit(text, &mut |found| matches.push(found));
    matches
}

/// Calls `on_match` for all matches.
pub fn visit(text: &str, on_match: &mut impl FnMut(Match)) {
    match width::narrowed(text) {
        None => scan(text.as_bytes(), on_match),
        Some((narrow, offsets)) => scan(narrow.as_bytes(), &mut |found| {
            // Maps each byte of the narrow text to the start of its original character.
            let original = |at: usize| offsets.get(at).copied().unwrap_or(text.len());
            on_match(Match { start: original(found.start), end: original(found.end), ..found });
        }),
    }
}

fn scan(text: &[u8], on_match: &mut impl FnMut(Match)) {
    let mut at = 0;
    // A long token is rated once, not again from each of its words.
    let mut rated = 0;
    while at < text.len() {
        let byte = text[at];
        let found = match byte {
            b'@' => email::around(text, at, 1),
            b'%' if text[at..].starts_with(b"%40") => email::around(text, at, 3),
            b':' => ip::v6(text, at),
            b'$' | b'-' => secret::with_mark(text, at),
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' if !is_within_word(text, at) => {
                let token = secret::token(text, at, &mut rated);
                if token.is_none() && byte.is_ascii_digit() {
                    at = number::numbers(text, at, on_match);
                    continue;
                }
                token
            }
            _ => None,
        };
        match found {
            Some(found) => {
                on_match(found);
                at = found.end.max(at + 1);
            }
            None => at += 1,
        }
    }
}

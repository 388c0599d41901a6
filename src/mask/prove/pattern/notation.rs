//! Texts and patterns of `SIMILAR TO` in the notation of regular expressions.

/// A regular expression that matches exactly a text.
pub(in crate::mask::prove) fn escaped(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_punctuation() { format!("\\{c}") } else { c.to_string() }).collect()
}

/// The regular expression of a `SIMILAR TO` pattern; `None` if it has escapes or brackets within brackets.
pub(in crate::mask::prove) fn similar_to_regex(pattern: &str) -> Option<String> {
    let mut regex = String::from("^(?:");
    let mut in_brackets = false;
    for character in pattern.chars() {
        match character {
            '\\' | '"' => return None,
            '[' if in_brackets => return None,
            ']' if in_brackets => in_brackets = false,
            '[' => in_brackets = true,
            _ if in_brackets => {}
            '%' => {
                regex.push_str(".*");
                continue;
            }
            '_' => {
                regex.push('.');
                continue;
            }
            '.' | '^' | '$' => regex.push('\\'),
            _ => {}
        }
        regex.push(character);
    }
    regex.push_str(")$");
    (!in_brackets).then_some(regex)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_similar_to_are_translated() {
        assert_eq!(similar_to_regex("01_-[0-9._%]{4}(a|b.)%").as_deref(), Some("^(?:01.-[0-9._%]{4}(a|b\\.).*)$"));
        assert_eq!(
            (similar_to_regex("a\\%"), similar_to_regex("[[:digit:]]"), similar_to_regex("[a")),
            (None, None, None)
        );
        assert_eq!(escaped("a.b-가"), "a\\.b\\-가");
    }
}

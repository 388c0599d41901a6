//! Words of an identifier.

/// Returns the words in lower case: `emailVerifiedAt`, `bill_to_name` and `E-Mail` have several. Words are split at
/// punctuation and at capitals after small letters; trailing digits are removed.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut small = false;
    for c in name.chars() {
        if !c.is_alphanumeric() {
            words.push(String::new());
        } else {
            if c.is_uppercase() && small {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.extend(c.to_lowercase());
            }
        }
        small = c.is_lowercase() || c.is_ascii_digit();
    }
    words.retain(|word| !word.is_empty());
    for word in &mut words {
        let stem = word.trim_end_matches(|c: char| c.is_ascii_digit());
        if stem.len() >= 3 && !matches!(word.as_str(), "sha256" | "sha1" | "sha512" | "md5" | "ipv4" | "ipv6") {
            word.truncate(stem.len());
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_at_punctuation_and_capitals() {
        assert_eq!(words("HTMLBody2 x-Y_z"), ["htmlbody", "x", "y", "z"]);
        assert_eq!(words("emailVerifiedAt"), ["email", "verified", "at"]);
        assert_eq!(words("sha256"), ["sha256"]);
    }
}

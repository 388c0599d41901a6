//! Masks as they are written: which of them the column takes, and names in quotation marks.

use crate::config::mask::WrittenMask;
use crate::mask::{Key, Refusal, Rule, compile};
use crate::pg::catalog::Column;

/// A text in the quotation marks of YAML.
pub fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            // What a terminal or an editor does not show is written as a number.
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{FEFF}' | '\u{85}') => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)))
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A text as a key or a word of YAML: in quotation marks unless it reads as itself without.
pub fn plain_or_quoted(text: &str) -> String {
    let first = text.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_');
    let rest = text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '$'));
    // Words that YAML of either version reads as something else.
    let special = ["null", "true", "false", "yes", "no", "on", "off", "y", "n", "inf", "nan"];
    if first && rest && !special.iter().any(|word| text.eq_ignore_ascii_case(word)) {
        text.to_owned()
    } else {
        quoted(text)
    }
}

/// The first mask that the column takes; without one, why it does not take the first.
///
/// A mask is a secret's and not guessed at: whether it compiles does not depend on the secret.
pub(super) fn first_taken(column: &Column, masks: &[String]) -> Result<String, Option<Refusal>> {
    let Ok(key) = Key::new("whether it compiles") else { return Err(None) };
    let mut first = None;
    for written in masks {
        let Ok(mask) = serde_yaml::from_str::<WrittenMask>(written) else { continue };
        let Ok(rule) = Rule::meant(&mask) else { continue };
        match compile(&rule, column, &key) {
            Ok(_) => return Ok(written.clone()),
            Err(refusal) => {
                first.get_or_insert(refusal);
            }
        }
    }
    Err(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_as_themselves() {
        for name in [
            "a",
            "a b",
            "it's",
            "\"q\"",
            "x: y",
            "# no",
            "null",
            "Yes",
            "12",
            "-",
            "",
            "주문 내역",
            "tab\tnewline\n\u{7}",
            "{a}",
            "back\\slash",
            "a.b",
            "*",
            "&a",
            "!x",
            "@",
            "`",
            "%",
            "\u{85}\u{2028}",
            "😀",
            "~",
            "1e3",
            "a:",
            ":a",
            "a #b",
        ] {
            for written in [quoted(name), plain_or_quoted(name)] {
                let read: String = serde_yaml::from_str(&written).unwrap_or_else(|error| panic!("{name:?}: {error}"));
                assert_eq!(read, name, "{written}");
            }
        }
    }
}

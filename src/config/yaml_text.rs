//! Text as a YAML scalar.

/// Returns a double-quoted YAML scalar.
pub fn yaml_quoted(text: &str) -> String {
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

/// Returns a YAML scalar: plain where the plain form reads back as the same text, else double-quoted.
pub fn yaml_scalar(text: &str) -> String {
    let first = text.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_');
    let rest = text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '$'));
    // Words that YAML of either version reads as something else.
    let special = ["null", "true", "false", "yes", "no", "on", "off", "y", "n", "inf", "nan"];
    if first && rest && !special.iter().any(|word| text.eq_ignore_ascii_case(word)) {
        text.to_owned()
    } else {
        yaml_quoted(text)
    }
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
            for written in [yaml_quoted(name), yaml_scalar(name)] {
                let read: String = serde_yaml::from_str(&written).unwrap_or_else(|error| panic!("{name:?}: {error}"));
                assert_eq!(read, name, "{written}");
            }
        }
    }
}

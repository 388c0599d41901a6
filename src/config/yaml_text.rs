//! YAML scalars.

/// Returns a double-quoted YAML scalar.
pub fn yaml_quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            // Characters that terminals and editors do not show are escaped as code points.
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
    let are_plain = text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '$'));
    // Words that YAML 1.1 or 1.2 parses as another type.
    let special = ["null", "true", "false", "yes", "no", "on", "off", "y", "n", "inf", "nan"];
    if first && are_plain && !special.iter().any(|word| text.eq_ignore_ascii_case(word)) {
        text.to_owned()
    } else {
        yaml_quoted(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_parse_to_the_original_text() {
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
            for scalar in [yaml_quoted(name), yaml_scalar(name)] {
                let read: String = serde_yaml::from_str(&scalar).unwrap_or_else(|error| panic!("{name:?}: {error}"));
                assert_eq!(read, name, "{scalar}");
            }
        }
    }
}

//! Quoting of SQL names and strings, connection strings and words of a shell; nothing else in the program quotes.

/// Returns an identifier in double quotes.
pub fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Returns a string literal that does not depend on `standard_conforming_strings`. For statements without parameters,
/// such as `ALTER ROLE … PASSWORD`.
pub fn literal(value: &str) -> String {
    let quoted = value.replace('\'', "''");
    if quoted.contains('\\') { format!(" E'{}'", quoted.replace('\\', "\\\\")) } else { format!("'{quoted}'") }
}

/// Returns a qualified name in double quotes.
pub(crate) fn qualified_name(schema: &str, name: &str) -> String {
    format!("{}.{}", identifier(schema), identifier(name))
}

/// Returns a qualified name for messages, in quotes only where SQL needs them.
pub(crate) fn display_name(schema: &str, name: &str) -> String {
    format!("{}.{}", quoted_if_needed(schema), quoted_if_needed(name))
}

fn quoted_if_needed(name: &str) -> String {
    let simple = name
        .chars()
        .all(|c| c.is_lowercase() || c.is_ascii_digit() || c == '_' || (c.is_alphabetic() && !c.is_uppercase()));
    if simple && !name.is_empty() { name.to_owned() } else { identifier(name) }
}

/// Returns a connection string of keywords and values: `host=db.example.com dbname='my db'`.
pub fn connection_string(settings: &[(&str, &str)]) -> String {
    let value = |value: &str| {
        let plain = |c: char| c.is_alphanumeric() || "_-.:/".contains(c);
        if !value.is_empty() && value.chars().all(plain) {
            return value.to_owned();
        }
        format!("'{}'", value.replace('\\', r"\\").replace('\'', r"\'"))
    };
    let settings: Vec<String> = settings.iter().map(|(key, text)| format!("{key}={}", value(text))).collect();
    settings.join(" ")
}

/// Returns a text as one word of a POSIX shell, in quotes only where it needs them.
pub fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connection_strings_and_shell_words_keep_hostile_names_whole() {
        let settings = [("host", "db.example.com"), ("dbname", r#"Ünï "cøde" it's \ db"#), ("user", "kim.minsu")];
        let expected = r#"host=db.example.com dbname='Ünï "cøde" it\'s \\ db' user=kim.minsu"#;
        assert_eq!(connection_string(&settings), expected);
        assert_eq!(shell_word("/tmp/devdb-demo-1"), "/tmp/devdb-demo-1");
        assert_eq!(shell_word("/tmp/my 데모"), "'/tmp/my 데모'");
        assert_eq!(shell_word("/tmp/it's $HOME"), r"'/tmp/it'\''s $HOME'");
    }

    #[test]
    fn names_in_messages_are_quoted_only_where_needed() {
        assert_eq!(display_name("app", "notification_outbox"), "app.notification_outbox");
        assert_eq!(display_name("주문", "Job \"x\""), "주문.\"Job \"\"x\"\"\"");
    }

    #[test]
    fn hostile_names_stay_inside_their_quotes() {
        assert_eq!(identifier(r#"a"; DROP TABLE x; --"#), r#""a""; DROP TABLE x; --""#);
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal(r"a\' OR 1=1"), r" E'a\\'' OR 1=1'");
    }
}

//! Quoting of SQL names and strings; nothing else in the program quotes.

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

#[cfg(test)]
mod tests {
    use super::*;

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

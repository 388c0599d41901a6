//! Expressions that the server cannot parse a second time.
//!
//! `ALTER` of a table with partitions or children parses the `USING` expression again for each of them. Tests such as `IS NULL`
//! and named arguments then still refer to the parent's operand (`transformExprRecurse` changes them in place): a column becomes
//! the one with the same number, even if that is another one, and anything else fails with "unrecognized node type" (observed on
//! 14, 15 and 18). Built-in masks contain none of these; a user's expression may.

use super::table_mask::ColumnMask;
use crate::pg::identifier;
use crate::pg::script::words;

/// Returns why a table with partitions or children cannot be altered by a mask, if so.
pub(super) fn reason(column: &ColumnMask) -> Option<String> {
    let construct = unparsable_construct(&column.expression.sql)?;
    Some(format!(
        "the mask of {} contains {construct}, which cannot be parsed again for each partition",
        identifier(&column.name)
    ))
}

/// Returns the first construct that cannot be parsed again.
fn unparsable_construct(sql: &str) -> Option<&'static str> {
    let words: Vec<String> = words(sql).map(str::to_lowercase).collect();
    let after = |at: usize| words.get(at).map_or("", String::as_str);
    (0..words.len()).find_map(|at| match (after(at), after(at + 1)) {
        ("isnull", _) => Some("ISNULL"),
        ("notnull", _) => Some("NOTNULL"),
        // No other operator begins with these characters.
        ("=", ">") | (":", "=") => Some("a named argument"),
        ("is", next) => {
            let tested = if next == "not" { after(at + 2) } else { next };
            ["null", "true", "false", "unknown"].contains(&tested).then_some("a test with IS")
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::unparsable_construct;

    #[test]
    fn tests_and_named_arguments_are_found_anywhere() {
        for sql in [
            "CASE WHEN a IS NULL THEN b END",
            "a is\nNot /* so */ null",
            "(a > 3) IS TRUE",
            "a IS NOT UNKNOWN",
            "a isnull OR b",
            "a NotNull",
            "make_interval(days => a)",
            "make_interval(days:=a)",
        ] {
            assert!(unparsable_construct(sql).is_some(), "{sql}");
        }
        for sql in [
            "a IS NOT DISTINCT FROM NULL",
            "a IS DISTINCT FROM true",
            "'this is null, isnull => true'",
            "E'it\\'s is null'",
            "$$ is true $$",
            "\"is\" || \"null\"",
            "a >= 3 AND b <= 4 OR c::text = 'x'",
            "a -- is null\n || b",
        ] {
            assert_eq!(unparsable_construct(sql), None, "{sql}");
        }
    }
}

//! Expressions that the server cannot read a second time.
//!
//! `ALTER` of a table with partitions or children reads that of `USING` again for each of them. Tests such as
//! `IS NULL` and named arguments have by then kept what their operand meant to the parent
//! (`transformExprRecurse` changes them in place): a column is then the one of the same number, be it another
//! one there, and what is more than a column ends with "unrecognized node type" (seen on 14, 15 and 18).
//! Masks of devdb's own hold none of these; an expression of the user's may.

use super::ColumnMask;
use crate::pg::identifier;
use crate::pg::script::words;

/// Why a table with partitions or children cannot be altered by a mask.
pub(super) fn why_not(column: &ColumnMask) -> Option<String> {
    let test = read_once(&column.expression.sql)?;
    Some(format!("the mask of {} holds {test}, which cannot be read for each partition", identifier(&column.name)))
}

fn read_once(sql: &str) -> Option<&'static str> {
    let words: Vec<String> = words(sql).map(str::to_lowercase).collect();
    let after = |at: usize| words.get(at).map_or("", String::as_str);
    (0..words.len()).find_map(|at| match (after(at), after(at + 1)) {
        ("isnull", _) => Some("ISNULL"),
        ("notnull", _) => Some("NOTNULL"),
        // No other operator begins like this.
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
    use super::read_once;

    #[test]
    fn tests_and_named_arguments_are_seen_wherever_they_stand() {
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
            assert!(read_once(sql).is_some(), "{sql}");
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
            assert_eq!(read_once(sql), None, "{sql}");
        }
    }
}

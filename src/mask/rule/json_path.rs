//! Paths to values inside JSON: JSONPath (RFC 9535) without filters and slices.

use std::fmt;

use super::error::RuleError;

/// Path to values inside JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path(pub Vec<PathStep>);

/// Step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathStep {
    /// Member of an object, by key.
    Key(String),
    /// Element of an array, by position from 0.
    Index(u32),
    /// Every member of an object or element of an array: `.*` and `[*]`, which are equivalent.
    Any,
    /// Any number of levels, including none: `..`. Another step follows.
    Descend,
}

impl Path {
    /// Whether the path selects at most one value: it has neither `..` nor `*`.
    pub(in crate::mask) fn is_single(&self) -> bool {
        self.0.iter().all(|step| matches!(step, PathStep::Key(_) | PathStep::Index(_)))
    }

    /// Parses `$.user.emails[0]`, `$."a key"`, `$["a key"]`, `$..phone`, `$.tags[*]`, `$.*`.
    pub(super) fn parse(text: &str) -> Result<Path, RuleError> {
        let invalid = |problem| RuleError::Path { path: text.to_owned(), problem };
        let mut rest = text.strip_prefix('$').ok_or_else(|| invalid("it does not begin with `$`"))?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            let (step, after) = match rest.strip_prefix("..") {
                Some(deeper) => {
                    steps.push(PathStep::Descend);
                    if deeper.starts_with('[') { bracketed(deeper) } else { dotted(deeper) }
                }
                None => match rest.strip_prefix('.') {
                    Some(name) => dotted(name),
                    None => bracketed(rest),
                },
            }
            .map_err(invalid)?;
            steps.push(step);
            rest = after;
        }
        if steps.is_empty() {
            Err(invalid("it selects the whole document; mask the column instead"))
        } else {
            Ok(Path(steps))
        }
    }
}

/// Parses a step after a dot; returns it with the remaining text.
fn dotted(text: &str) -> Result<(PathStep, &str), &'static str> {
    if text.starts_with('"') {
        return quoted(text).map(|(key, rest)| (PathStep::Key(key), rest));
    }
    let end = text.find(['.', '[']).unwrap_or(text.len());
    match &text[..end] {
        "" => Err("a key is missing after a dot"),
        "*" => Ok((PathStep::Any, &text[end..])),
        key if key.contains(['*', '"', '\'', ' ']) => Err("a key with special characters needs quotation marks"),
        key => Ok((PathStep::Key(key.to_owned()), &text[end..])),
    }
}

/// Parses a step in brackets; returns it with the remaining text.
fn bracketed(text: &str) -> Result<(PathStep, &str), &'static str> {
    let inner = text.strip_prefix('[').ok_or("a step does not begin with a dot or a bracket")?;
    let (step, rest) = if inner.starts_with(['"', '\'']) {
        let (key, rest) = quoted(inner)?;
        (PathStep::Key(key), rest)
    } else {
        let end = inner.find(']').ok_or("a bracket is not closed")?;
        let step = match &inner[..end] {
            "*" => PathStep::Any,
            position => PathStep::Index(
                position.parse().map_err(|_| "brackets must contain a position from 0, `*` or a quoted key")?,
            ),
        };
        (step, &inner[end..])
    };
    Ok((step, rest.strip_prefix(']').ok_or("a bracket is not closed")?))
}

/// Parses a key in single or double quotation marks, in which a backslash escapes the next character; returns it with
/// the remaining text.
fn quoted(text: &str) -> Result<(String, &str), &'static str> {
    let mut characters = text.char_indices();
    let mark = characters.next().map(|(_, mark)| mark);
    let mut key = String::new();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => key.extend(characters.next().map(|(_, escaped)| escaped)),
            _ if Some(character) == mark => return Ok((key, &text[at + character.len_utf8()..])),
            _ => key.push(character),
        }
    }
    Err("a quotation mark is not closed")
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("$")?;
        let mut after_descend = false;
        for step in &self.0 {
            let dot = if after_descend { "" } else { "." };
            match step {
                PathStep::Descend => f.write_str("..")?,
                PathStep::Key(key) if key.is_empty() || key.contains(['.', '[', ' ', '*', '"', '\'', '\\']) => {
                    write!(f, "{dot}\"{}\"", key.replace('\\', "\\\\").replace('"', "\\\""))?;
                }
                PathStep::Key(key) => write!(f, "{dot}{key}")?,
                PathStep::Index(position) => write!(f, "[{position}]")?,
                PathStep::Any => f.write_str("[*]")?,
            }
            after_descend = *step == PathStep::Descend;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_parsed() {
        let key = |key: &str| PathStep::Key(key.into());
        for (text, steps, shown) in [
            (
                "$.user.\"a b\".list[3].x",
                vec![key("user"), key("a b"), key("list"), PathStep::Index(3), key("x")],
                "$.user.\"a b\".list[3].x",
            ),
            ("$..phone", vec![PathStep::Descend, key("phone")], "$..phone"),
            ("$.a[*].*..b", vec![key("a"), PathStep::Any, PathStep::Any, PathStep::Descend, key("b")], "$.a[*][*]..b"),
            ("$..[0]", vec![PathStep::Descend, PathStep::Index(0)], "$..[0]"),
            ("$..*", vec![PathStep::Descend, PathStep::Any], "$..[*]"),
            (r#"$["a.b"]['it\'s'].."q\"\\""#, vec![key("a.b"), key("it's"), PathStep::Descend, key("q\"\\")], ""),
            ("$.\"\".전화", vec![key(""), key("전화")], "$.\"\".전화"),
        ] {
            let path = Path::parse(text).unwrap();
            assert_eq!(path.0, steps, "{text}");
            assert!(shown.is_empty() || path.to_string() == shown, "{text}: {path}");
            assert_eq!(Path::parse(&path.to_string()).unwrap(), path);
        }
        for invalid in
            ["", "user", "$", "$..", "$...a", "$.a[x]", "$.a[-1]", "$.", "$.\"a", "$a", "$[\"a]", "$.a*", "$.a["]
        {
            assert!(Path::parse(invalid).is_err(), "{invalid}");
        }
    }
}

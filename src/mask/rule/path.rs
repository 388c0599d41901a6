//! The way to values inside JSON, as JSONPath (RFC 9535) writes it, without filters and slices.

use std::collections::BTreeMap;
use std::fmt;

use crate::config::mask::WrittenMask;

use super::{Rule, RuleError};

/// The way to values inside JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path(pub Vec<Step>);

/// One step of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Into an object, by key.
    Key(String),
    /// Into an array, by position from 0.
    Index(u32),
    /// Into everything that an object or an array holds: `.*` and `[*]`, which are one.
    Each,
    /// Down any number of levels, also none: `..`. Another step comes after it.
    Deep,
}

/// Paths with their masks as meant.
pub(super) fn rules(paths: &BTreeMap<String, WrittenMask>) -> Result<Vec<(Path, Rule)>, RuleError> {
    if paths.is_empty() {
        return Err(RuleError::Empty { option: "json" });
    }
    let mut read: Vec<(Path, Rule)> = Vec::new();
    for (text, written) in paths {
        let path = Path::read(text)?;
        let rule = inside("JSON", text, written)?;
        for (other, _) in &read {
            let (short, long) = if other.0.len() <= path.0.len() { (other, &path) } else { (&path, other) };
            if long.0.starts_with(&short.0) {
                return Err(RuleError::Nested { inner: long.to_string(), outer: short.to_string() });
            }
        }
        read.push((path, rule));
    }
    Ok(read)
}

/// Keys of an hstore with their masks as meant.
pub(super) fn hstore(keys: &BTreeMap<String, WrittenMask>) -> Result<Vec<(String, Rule)>, RuleError> {
    keys.iter().map(|(key, written)| Ok((key.clone(), inside("hstore", key, written)?))).collect()
}

/// A mask of a text inside something else.
fn inside(what: &'static str, place: &str, written: &WrittenMask) -> Result<Rule, RuleError> {
    let rule = Rule::meant(written)?;
    let of_text = match rule {
        Rule::Email { .. } | Rule::Phone(_) | Rule::Fake(_) | Rule::PostalCode(_) | Rule::RegistrationNumber => true,
        Rule::BusinessNumber | Rule::Card(_) | Rule::Ip | Rule::Url | Rule::Username | Rule::Uuid | Rule::Text(_) => {
            true
        }
        Rule::Null | Rule::Fixed(_) => true,
        Rule::Date(_) | Rule::Identifier { .. } | Rule::Bytes { .. } | Rule::Enum { .. } | Rule::Number { .. } => false,
        Rule::Range(_) | Rule::Composite(_) | Rule::Hstore { .. } | Rule::Json(_) | Rule::JsonShape | Rule::Sql(_) => {
            false
        }
    };
    if of_text { Ok(rule) } else { Err(RuleError::Inside { what, place: place.to_owned(), mask: rule.name() }) }
}

impl Path {
    /// Whether every step is named, so that it leads to one value at most.
    pub(in crate::mask) fn is_single(&self) -> bool {
        self.0.iter().all(|step| matches!(step, Step::Key(_) | Step::Index(_)))
    }

    /// Reads `$.user.emails[0]`, `$."a key"`, `$["a key"]`, `$..phone`, `$.tags[*]`, `$.*`.
    fn read(text: &str) -> Result<Path, RuleError> {
        let wrong = |why| RuleError::Path { path: text.to_owned(), why };
        let mut rest = text.strip_prefix('$').ok_or_else(|| wrong("it begins with `$`, the whole document"))?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            let (step, after) = match rest.strip_prefix("..") {
                Some(deeper) => {
                    steps.push(Step::Deep);
                    if deeper.starts_with('[') { bracketed(deeper) } else { dotted(deeper) }
                }
                None => match rest.strip_prefix('.') {
                    Some(name) => dotted(name),
                    None => bracketed(rest),
                },
            }
            .map_err(wrong)?;
            steps.push(step);
            rest = after;
        }
        if steps.is_empty() {
            Err(wrong("it leads to the whole document: mask the column instead"))
        } else {
            Ok(Path(steps))
        }
    }
}

/// What comes after a dot, and the rest of the path.
fn dotted(text: &str) -> Result<(Step, &str), &'static str> {
    if text.starts_with('"') {
        return quoted(text).map(|(key, rest)| (Step::Key(key), rest));
    }
    let end = text.find(['.', '[']).unwrap_or(text.len());
    match &text[..end] {
        "" => Err("a key is missing after a dot"),
        "*" => Ok((Step::Each, &text[end..])),
        key if key.contains(['*', '"', '\'', ' ']) => Err("a key with such characters stands in quotation marks"),
        key => Ok((Step::Key(key.to_owned()), &text[end..])),
    }
}

/// A step in brackets, and the rest of the path.
fn bracketed(text: &str) -> Result<(Step, &str), &'static str> {
    let inner = text.strip_prefix('[').ok_or("a step begins with a dot or a bracket")?;
    let (step, rest) = if inner.starts_with(['"', '\'']) {
        let (key, rest) = quoted(inner)?;
        (Step::Key(key), rest)
    } else {
        let end = inner.find(']').ok_or("a bracket is not closed")?;
        let step = match &inner[..end] {
            "*" => Step::Each,
            position => Step::Index(
                position.parse().map_err(|_| "between brackets stands a number from 0, a star or a key in quotes")?,
            ),
        };
        (step, &inner[end..])
    };
    Ok((step, rest.strip_prefix(']').ok_or("a bracket is not closed")?))
}

/// A key in quotation marks of either kind, in which a backslash takes the next character as it is.
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
        let mut after_deep = false;
        for step in &self.0 {
            let dot = if after_deep { "" } else { "." };
            match step {
                Step::Deep => f.write_str("..")?,
                Step::Key(key) if key.is_empty() || key.contains(['.', '[', ' ', '*', '"', '\'', '\\']) => {
                    write!(f, "{dot}\"{}\"", key.replace('\\', "\\\\").replace('"', "\\\""))?;
                }
                Step::Key(key) => write!(f, "{dot}{key}")?,
                Step::Index(position) => write!(f, "[{position}]")?,
                Step::Each => f.write_str("[*]")?,
            }
            after_deep = *step == Step::Deep;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read() {
        let key = |key: &str| Step::Key(key.into());
        for (text, steps, shown) in [
            (
                "$.user.\"a b\".list[3].x",
                vec![key("user"), key("a b"), key("list"), Step::Index(3), key("x")],
                "$.user.\"a b\".list[3].x",
            ),
            ("$..phone", vec![Step::Deep, key("phone")], "$..phone"),
            ("$.a[*].*..b", vec![key("a"), Step::Each, Step::Each, Step::Deep, key("b")], "$.a[*][*]..b"),
            ("$..[0]", vec![Step::Deep, Step::Index(0)], "$..[0]"),
            ("$..*", vec![Step::Deep, Step::Each], "$..[*]"),
            (r#"$["a.b"]['it\'s'].."q\"\\""#, vec![key("a.b"), key("it's"), Step::Deep, key("q\"\\")], ""),
            ("$.\"\".전화", vec![key(""), key("전화")], "$.\"\".전화"),
        ] {
            let path = Path::read(text).unwrap();
            assert_eq!(path.0, steps, "{text}");
            assert!(shown.is_empty() || path.to_string() == shown, "{text}: {path}");
            assert_eq!(Path::read(&path.to_string()).unwrap(), path);
        }
        for wrong in
            ["", "user", "$", "$..", "$...a", "$.a[x]", "$.a[-1]", "$.", "$.\"a", "$a", "$[\"a]", "$.a*", "$.a["]
        {
            assert!(Path::read(wrong).is_err(), "{wrong}");
        }
    }
}

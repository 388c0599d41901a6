//! The YAML as a tree in which every key and value knows its place. Typed deserialization stops at the
//! first fault; a tree lets all of them be named at once, those of later checks included.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::options::NonFiniteFloatPolicy;
use serde_yaml::{DefaultMessageFormatter, DuplicateKeyPolicy, Error, Location, MessageFormatter, Spanned};

use super::diagnostics::Page;

/// A value and its place, in bytes of the file. Through an alias, the place is that of the anchor.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The place; empty at the start of an indented map or list.
    pub span: Range<usize>,
    /// The value.
    pub kind: Kind,
}

/// What a value is. Numbers stay as they are written: `0123` is an account number cut short for some
/// readers of YAML, and only its text tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// Nothing, or `~`, or `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number without quotes.
    Number,
    /// Any other text.
    Text(String),
    /// Text with something from the environment in it; it must not be shown.
    Filled(String),
    /// `[…]`, or lines with `-`.
    List(Vec<Node>),
    /// `{…}`, or lines with `key:`. Keys are unique.
    Map(Vec<Entry>),
    /// Something that was complained about: later stages keep silent.
    Broken,
}

/// A key with its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Its place.
    pub key_span: Range<usize>,
    /// The value.
    pub value: Node,
}

impl Node {
    /// The entry of a map under a key.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.kind {
            Kind::Map(entries) => entries.iter().find(|entry| entry.key == key),
            _ => None,
        }
    }

    /// A place that can be seen: the first key of a map, the first value of a list.
    pub fn visible_span(&self) -> Range<usize> {
        match &self.kind {
            Kind::Map(entries) if !entries.is_empty() => entries[0].key_span.clone(),
            Kind::List(items) if !items.is_empty() => items[0].visible_span(),
            _ => self.span.clone(),
        }
    }
}

/// Reads the YAML. None when it is none; duplicate keys are complained about and left out.
pub fn parse(page: &Page) -> Option<Node> {
    // No configuration comes near these limits; a file made to exhaust memory by aliases does.
    let options = serde_yaml::options! {
        budget: serde_yaml::budget! { max_depth: 40, max_nodes: 50_000, max_aliases: 1_000, max_anchors: 1_000 },
        alias_limits: serde_yaml::alias_limits! { max_total_replayed_events: 20_000, max_replay_stack_depth: 16 },
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        strict_booleans: true,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
    };
    match serde_yaml::from_str_with_options::<Node>(&page.text, options) {
        Ok(mut root) => {
            keep_first_of_duplicates(page, &mut root);
            Some(root)
        }
        Err(error) => {
            let error = innermost(&error);
            let span = error.location().map_or(0..0, |location| character_span(&page.text, location));
            let title = format!("this is not YAML that devdb can read: {}", message(error));
            page.hide_by_sound();
            page.complain(span.clone(), title, None, remedy(error, &page.text, span.start));
            None
        }
    }
}

/// The error itself, without the parser's own drawing of it.
fn innermost(mut error: &Error) -> &Error {
    while let Error::WithSnippet { error: inner, .. } | Error::AliasError { error: inner, .. } = error {
        error = inner;
    }
    error
}

fn message(error: &Error) -> String {
    match error {
        Error::MultipleDocuments { .. } => "it holds a second document".into(),
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. }
        | Error::AliasReplayCounterOverflow { .. } => "it is too large or too deeply nested".into(),
        _ => DefaultMessageFormatter.format_message(error).replace(char::is_control, " "),
    }
}

fn remedy(error: &Error, text: &str, at: usize) -> String {
    let before = &text[..at.min(text.len())];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[line_start..].lines().next().unwrap_or_default();
    if matches!(error, Error::MultipleDocuments { .. }) {
        "leave out what follows the line `---`; several databases are several `targets`".into()
    } else if line.chars().take_while(|character| character.is_whitespace()).any(|character| character == '\t') {
        "indent with spaces: YAML does not allow tabs there".into()
    } else if line.contains("${") {
        "inside `{ }` and `[ ]`, write `\"${NAME}\"` in quotes".into()
    } else {
        "correct the line, or the one above it: indentation, quotes and the space after `:` are the usual faults".into()
    }
}

/// Duplicates are looked for here and not by the parser, which would stop at the first.
fn keep_first_of_duplicates(page: &Page, node: &mut Node) {
    match &mut node.kind {
        Kind::List(items) => items.iter_mut().for_each(|item| keep_first_of_duplicates(page, item)),
        Kind::Map(entries) => {
            let mut kept: Vec<Entry> = Vec::with_capacity(entries.len());
            for mut entry in entries.drain(..) {
                match kept.iter().find(|first| first.key == entry.key) {
                    Some(first) => {
                        let line = page.text[..first.key_span.start].matches('\n').count() + 1;
                        let title = format!("the key `{}` is given twice", entry.key);
                        let help = format!("remove one of them; the first is on line {line}");
                        page.complain(entry.key_span.clone(), title, None, help);
                    }
                    None => {
                        keep_first_of_duplicates(page, &mut entry.value);
                        kept.push(entry);
                    }
                }
            }
            *entries = kept;
        }
        _ => {}
    }
}

fn byte_span(location: Location) -> Range<usize> {
    let span = location.span();
    let number = |count: Option<u64>| usize::try_from(count.unwrap_or(0)).unwrap_or(0);
    let start = number(span.byte_offset());
    start..start + number(span.byte_len())
}

/// The parser's own errors know characters only.
fn character_span(text: &str, location: Location) -> Range<usize> {
    let characters = usize::try_from(location.span().offset()).unwrap_or(0);
    let start = text.char_indices().nth(characters).map_or(text.len(), |(at, _)| at);
    let length = text[start..].chars().next().filter(|character| *character != '\n').map_or(0, char::len_utf8);
    start..start + length
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Kind>::deserialize(from)?;
        Ok(Node { span: byte_span(spanned.defined), kind: spanned.value })
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(AnyKind)
    }
}

struct AnyKind;

impl<'de> Visitor<'de> for AnyKind {
    type Value = Kind;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Kind, E> {
        Ok(Kind::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Kind, E> {
        Ok(Kind::Bool(value))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Kind, E> {
        Ok(Kind::Number)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Kind, E> {
        Ok(Kind::Number)
    }

    fn visit_i128<E>(self, _: i128) -> Result<Kind, E> {
        Ok(Kind::Number)
    }

    fn visit_u128<E>(self, _: u128) -> Result<Kind, E> {
        Ok(Kind::Number)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Kind, E> {
        Ok(Kind::Number)
    }

    fn visit_str<E>(self, text: &str) -> Result<Kind, E> {
        Ok(Kind::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Kind, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Kind::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Kind, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            entries.push(Entry { key: key.value, key_span: byte_span(key.defined), value: map.next_value()? });
        }
        Ok(Kind::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> (Option<Node>, Vec<String>) {
        let page = Page::new("devdb.yaml", text);
        let root = parse(&page);
        let said = page.into_complaints().iter().map(|c| format!("{}:{} {}", c.line(), c.column(), c.title)).collect();
        (root, said)
    }

    /// The text at the place of every scalar.
    fn places<'a>(node: &Node, text: &'a str) -> Vec<&'a str> {
        match &node.kind {
            Kind::Map(entries) => entries.iter().flat_map(|entry| places(&entry.value, text)).collect(),
            Kind::List(items) => items.iter().flat_map(|item| places(item, text)).collect(),
            _ => vec![&text[node.span.clone()]],
        }
    }

    #[test]
    fn every_value_knows_its_bytes_whatever_stands_before_it() {
        let text =
            "\u{feff}이름: \"값\" # 주석\r\nb: [0123, 'q', no]\r\nc: {d: ~, e: True}\r\nf: &a {g: 1.5}\r\nh: *a\r\n";
        let (root, said) = parsed(text);
        assert_eq!(said, Vec::<String>::new());
        let root = root.unwrap();
        assert_eq!(places(&root, text), ["\"값\"", "0123", "'q'", "no", "~", "True", "1.5", "1.5"]);
        let Kind::Map(entries) = &root.kind else { panic!("{root:?}") };
        assert_eq!(entries.iter().map(|entry| &text[entry.key_span.clone()]).collect::<String>(), "이름bcfh");
        assert_eq!(&text[root.entry("b").unwrap().value.visible_span()], "0123");
        assert_eq!(root.entry("이름").unwrap().value.kind, Kind::Text("값".into()));
    }

    #[test]
    fn all_duplicates_are_named_and_the_first_counts() {
        let (root, said) = parsed("a: 1\nb: {c: x, c: y}\na: 2\n");
        assert_eq!(said, ["2:11 the key `c` is given twice", "3:1 the key `a` is given twice"]);
        let root = root.unwrap();
        assert_eq!(root.entry("b").unwrap().value.entry("c").unwrap().value.kind, Kind::Text("x".into()));
    }

    #[test]
    fn what_is_not_yaml_is_said_at_its_place() {
        for (text, said) in [
            (
                "가: 1\n 나: 2\n",
                "2:3 this is not YAML that devdb can read: mapping values are not allowed in this context",
            ),
            ("a:\n\tb: 1\n", "2:2 this is not YAML that devdb can read: "),
            ("a: [1\n", "1:4 this is not YAML that devdb can read: unclosed bracket '['"),
            ("a: 1\n---\nb: 2\n", "3:1 this is not YAML that devdb can read: it holds a second document"),
            ("a: *b\n", "1:4 this is not YAML that devdb can read: alias references unknown anchor"),
            ("a: &a [*a]\n", "1:8 this is not YAML that devdb can read: "),
            ("? [a]\n: b\n", "1:3 this is not YAML that devdb can read: expected string scalar"),
            ("a: \u{0}\n", "1:4 this is not YAML that devdb can read: unexpected character: `\\u{0}'"),
        ] {
            let (root, complaints) = parsed(text);
            assert!(
                root.is_none() && complaints.len() == 1 && complaints[0].starts_with(said),
                "{text:?}: {complaints:?}"
            );
        }
    }

    #[test]
    fn a_bomb_does_not_go_off() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let below = format!("*a{}, ", level - 1).repeat(10);
            bomb += &format!("a{level}: &a{level} [{}]\n", below.trim_end_matches(", "));
        }
        let deep = "[".repeat(100_000);
        let nested = format!("a: {}1{}\n", "{b: ".repeat(60), "}".repeat(60));
        for text in [bomb, deep, nested] {
            let (root, said) = parsed(&text);
            assert!(root.is_none(), "{said:?}");
            assert!(said[0].contains("too deeply nested") || said[0].contains("limit exceeded"), "{said:?}");
        }
    }
}

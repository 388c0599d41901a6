//! The YAML file as a tree with the position of every key and value. Typed deserialization stops at the first error;
//! with a tree, all errors are reported at once, including those of later checks.

use std::fmt;
use std::ops::Range;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::options::NonFiniteFloatPolicy;
use serde_yaml::{DefaultMessageFormatter, DuplicateKeyPolicy, Error, Location, MessageFormatter, Spanned};

use super::diagnostics::Diagnostics;

/// A value and its position. The position of an alias is that of its anchor.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Position in bytes of the file; empty, at the start, for an indented map or list.
    pub span: Range<usize>,
    /// Value.
    pub kind: NodeKind,
}

/// A value. A number is kept as text: a parser that reads the account number `0123` as a number loses its leading zero.
#[derive(Clone, Debug, PartialEq)]
pub enum NodeKind {
    /// Empty, `~`, or `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number without quotes.
    Number,
    /// Any other scalar.
    Text(String),
    /// Text with interpolated environment variables, which must not be shown.
    Interpolated(String),
    /// `[…]`, or lines with `-`.
    List(Vec<Node>),
    /// `{…}`, or lines with `key:`. Keys are unique.
    Map(Vec<Entry>),
    /// An invalid value that was reported. Later stages ignore it.
    Invalid,
}

/// A key with its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Key.
    pub key: String,
    /// Position of the key in bytes of the file.
    pub key_span: Range<usize>,
    /// Value.
    pub value: Node,
}

impl Node {
    /// Returns the entry of a map under a key.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.kind {
            NodeKind::Map(entries) => entries.iter().find(|entry| entry.key == key),
            _ => None,
        }
    }

    /// Returns a non-empty span to mark: the first key of a map, the first value of a list.
    pub fn visible_span(&self) -> Range<usize> {
        match &self.kind {
            NodeKind::Map(entries) if !entries.is_empty() => entries[0].key_span.clone(),
            NodeKind::List(items) if !items.is_empty() => items[0].visible_span(),
            _ => self.span.clone(),
        }
    }
}

/// Parses the YAML. Returns `None` if that fails. Duplicate keys are reported and removed.
pub fn parse(diagnostics: &Diagnostics) -> Option<Node> {
    // No real configuration reaches these limits. They stop a file that exhausts memory through nested aliases.
    let options = serde_yaml::options! {
        budget: serde_yaml::budget! { max_depth: 40, max_nodes: 50_000, max_aliases: 1_000, max_anchors: 1_000 },
        alias_limits: serde_yaml::alias_limits! { max_total_replayed_events: 20_000, max_replay_stack_depth: 16 },
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        strict_booleans: true,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
    };
    match serde_yaml::from_str_with_options::<Node>(&diagnostics.text, options) {
        Ok(mut root) => {
            keep_first_of_duplicates(diagnostics, &mut root);
            Some(root)
        }
        Err(error) => {
            let error = innermost(&error);
            let span = error.location().map_or(0..0, |location| character_span(&diagnostics.text, location));
            let title = format!("the file is not valid YAML: {}", message(error));
            diagnostics.redact_secret_lines();
            let help = remedy(error, &diagnostics.text, span.start);
            diagnostics.report(span, title, help);
            None
        }
    }
}

/// Returns the error without the parser's own snippet.
fn innermost(mut error: &Error) -> &Error {
    while let Error::WithSnippet { error: inner, .. } | Error::AliasError { error: inner, .. } = error {
        error = inner;
    }
    error
}

fn message(error: &Error) -> String {
    match error {
        Error::MultipleDocuments { .. } => "it contains a second document".into(),
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
        "remove the line `---` and everything after it; write several databases as several `targets`".into()
    } else if line.chars().take_while(|character| character.is_whitespace()).any(|character| character == '\t') {
        "indent with spaces: YAML does not allow tabs there".into()
    } else if line.contains("${") {
        "inside `{ }` and `[ ]`, quote the value: `\"${NAME}\"`".into()
    } else {
        "correct this line or the one above it: check indentation, quotes and the space after `:`".into()
    }
}

/// Removes duplicate keys and reports them. The parser could do this too, but would stop at the first.
fn keep_first_of_duplicates(diagnostics: &Diagnostics, node: &mut Node) {
    match &mut node.kind {
        NodeKind::List(items) => items.iter_mut().for_each(|item| keep_first_of_duplicates(diagnostics, item)),
        NodeKind::Map(entries) => {
            let mut kept: Vec<Entry> = Vec::with_capacity(entries.len());
            for mut entry in entries.drain(..) {
                match kept.iter().find(|first| first.key == entry.key) {
                    Some(first) => {
                        let line = diagnostics.text[..first.key_span.start].matches('\n').count() + 1;
                        let title = format!("the key `{}` occurs twice", entry.key);
                        let help = format!("remove one of them; the first is on line {line}");
                        diagnostics.report(entry.key_span.clone(), title, help);
                    }
                    None => {
                        keep_first_of_duplicates(diagnostics, &mut entry.value);
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

/// Returns a span in bytes for an error of the parser, which has its position in characters.
fn character_span(text: &str, location: Location) -> Range<usize> {
    let characters = usize::try_from(location.span().offset()).unwrap_or(0);
    let start = text.char_indices().nth(characters).map_or(text.len(), |(at, _)| at);
    let length = text[start..].chars().next().filter(|character| *character != '\n').map_or(0, char::len_utf8);
    start..start + length
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<NodeKind>::deserialize(from)?;
        Ok(Node { span: byte_span(spanned.defined), kind: spanned.value })
    }
}

impl<'de> Deserialize<'de> for NodeKind {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = NodeKind;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<NodeKind, E> {
        Ok(NodeKind::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<NodeKind, E> {
        Ok(NodeKind::Bool(value))
    }

    fn visit_i64<E>(self, _: i64) -> Result<NodeKind, E> {
        Ok(NodeKind::Number)
    }

    fn visit_u64<E>(self, _: u64) -> Result<NodeKind, E> {
        Ok(NodeKind::Number)
    }

    fn visit_i128<E>(self, _: i128) -> Result<NodeKind, E> {
        Ok(NodeKind::Number)
    }

    fn visit_u128<E>(self, _: u128) -> Result<NodeKind, E> {
        Ok(NodeKind::Number)
    }

    fn visit_f64<E>(self, _: f64) -> Result<NodeKind, E> {
        Ok(NodeKind::Number)
    }

    fn visit_str<E>(self, text: &str) -> Result<NodeKind, E> {
        Ok(NodeKind::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<NodeKind, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(NodeKind::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<NodeKind, A::Error> {
        let mut entries = Vec::new();
        while let Some(key) = map.next_key::<Spanned<String>>()? {
            entries.push(Entry { key: key.value, key_span: byte_span(key.defined), value: map.next_value()? });
        }
        Ok(NodeKind::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> (Option<Node>, Vec<String>) {
        let diagnostics = Diagnostics::new("devdb.yaml", text);
        let root = parse(&diagnostics);
        let complaints =
            diagnostics.into_complaints().iter().map(|c| format!("{}:{} {}", c.line(), c.column(), c.title)).collect();
        (root, complaints)
    }

    /// The text at the position of every scalar.
    fn scalars<'a>(node: &Node, text: &'a str) -> Vec<&'a str> {
        match &node.kind {
            NodeKind::Map(entries) => entries.iter().flat_map(|entry| scalars(&entry.value, text)).collect(),
            NodeKind::List(items) => items.iter().flat_map(|item| scalars(item, text)).collect(),
            _ => vec![&text[node.span.clone()]],
        }
    }

    #[test]
    fn positions_are_in_bytes() {
        let text =
            "\u{feff}이름: \"값\" # 주석\r\nb: [0123, 'q', no]\r\nc: {d: ~, e: True}\r\nf: &a {g: 1.5}\r\nh: *a\r\n";
        let (root, complaints) = parsed(text);
        assert_eq!(complaints, Vec::<String>::new());
        let root = root.unwrap();
        assert_eq!(scalars(&root, text), ["\"값\"", "0123", "'q'", "no", "~", "True", "1.5", "1.5"]);
        let NodeKind::Map(entries) = &root.kind else { panic!("{root:?}") };
        assert_eq!(entries.iter().map(|entry| &text[entry.key_span.clone()]).collect::<String>(), "이름bcfh");
        assert_eq!(&text[root.entry("b").unwrap().value.visible_span()], "0123");
        assert_eq!(root.entry("이름").unwrap().value.kind, NodeKind::Text("값".into()));
    }

    #[test]
    fn all_duplicates_are_reported_and_the_first_is_kept() {
        let (root, complaints) = parsed("a: 1\nb: {c: x, c: y}\na: 2\n");
        assert_eq!(complaints, ["2:11 the key `c` occurs twice", "3:1 the key `a` occurs twice"]);
        let root = root.unwrap();
        assert_eq!(root.entry("b").unwrap().value.entry("c").unwrap().value.kind, NodeKind::Text("x".into()));
    }

    #[test]
    fn syntax_errors_have_a_position() {
        for (text, expected) in [
            ("가: 1\n 나: 2\n", "2:3 the file is not valid YAML: mapping values are not allowed in this context"),
            ("a:\n\tb: 1\n", "2:2 the file is not valid YAML: "),
            ("a: [1\n", "1:4 the file is not valid YAML: unclosed bracket '['"),
            ("a: 1\n---\nb: 2\n", "3:1 the file is not valid YAML: it contains a second document"),
            ("a: *b\n", "1:4 the file is not valid YAML: alias references unknown anchor"),
            ("a: &a [*a]\n", "1:8 the file is not valid YAML: "),
            ("? [a]\n: b\n", "1:3 the file is not valid YAML: expected string scalar"),
            ("a: \u{0}\n", "1:4 the file is not valid YAML: unexpected character: `\\u{0}'"),
        ] {
            let (root, complaints) = parsed(text);
            assert!(
                root.is_none() && complaints.len() == 1 && complaints[0].starts_with(expected),
                "{text:?}: {complaints:?}"
            );
        }
    }

    #[test]
    fn alias_bombs_and_deep_nesting_are_refused() {
        let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..12 {
            let below = format!("*a{}, ", level - 1).repeat(10);
            bomb += &format!("a{level}: &a{level} [{}]\n", below.trim_end_matches(", "));
        }
        let deep = "[".repeat(100_000);
        let nested = format!("a: {}1{}\n", "{b: ".repeat(60), "}".repeat(60));
        for text in [bomb, deep, nested] {
            let (root, complaints) = parsed(&text);
            assert!(root.is_none(), "{complaints:?}");
            assert!(
                complaints[0].contains("too deeply nested") || complaints[0].contains("limit exceeded"),
                "{complaints:?}"
            );
        }
    }
}

//! Validation of the tree against the JSON schema, so that the schema in editors is the one in force. Valid values are
//! returned as JSON for serde. An invalid value is reported and replaced by a placeholder, so that the checks that follow
//! still judge the rest.

use std::ops::Range;

use serde_json::{Map, Value};

use super::schema_rule::{Alternatives, SchemaRule};
use crate::config::diagnostics::{Diagnostics, is_secret_key};
use crate::config::did_you_mean::closest;
use crate::config::tree::{Entry, Node, NodeKind};

/// Validates a tree against a schema. Returns `None` if too much is missing for placeholders.
pub fn validate(diagnostics: &Diagnostics, schema: &Value, root: &Node) -> Option<Value> {
    Validator { diagnostics }.value(root, SchemaRule::root(schema), &Location { path: "", key: 0..0 })
}

/// The location of a value: its path for messages, and the span of the key that leads to it.
struct Location<'a> {
    path: &'a str,
    key: Range<usize>,
}

impl Location<'_> {
    fn name(&self) -> String {
        if self.path.is_empty() { "the file".into() } else { format!("`{}`", self.path) }
    }

    fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}

struct Validator<'a> {
    diagnostics: &'a Diagnostics,
}

impl Validator<'_> {
    /// Returns the value, or a placeholder if it is invalid.
    fn value(&self, node: &Node, rule: SchemaRule<'_>, at: &Location<'_>) -> Option<Value> {
        self.valid(node, rule, at).or_else(|| rule.placeholder())
    }

    fn valid(&self, node: &Node, rule: SchemaRule<'_>, at: &Location<'_>) -> Option<Value> {
        let allowed = rule.alternatives();
        if rule.is_secret() {
            self.redact(node);
        }
        match &node.kind {
            NodeKind::Invalid => None,
            NodeKind::Null if allowed.allow("null") => Some(Value::Null),
            NodeKind::Null => {
                let help = format!("write {}, or remove the key", allowed.description());
                self.report(node, at, format!("{} is empty", at.name()), help);
                None
            }
            NodeKind::Bool(value) if allowed.allow("boolean") => Some(Value::Bool(*value)),
            NodeKind::Number if allowed.allow("integer") => {
                self.integer(node, &self.diagnostics.text[node.span.clone()], &allowed, at)
            }
            NodeKind::Interpolated(text) if allowed.allow("integer") => self.integer(node, text, &allowed, at),
            NodeKind::Interpolated(text) if allowed.allow("boolean") => match text.as_str() {
                "true" => Some(Value::Bool(true)),
                "false" => Some(Value::Bool(false)),
                _ => self.wrong_type(node, "other text", &allowed, at),
            },
            NodeKind::Text(text) | NodeKind::Interpolated(text) if allowed.allow("string") => {
                self.text(node, text, &allowed, at)
            }
            NodeKind::List(items) if allowed.allow("array") => self.list(node, items, &allowed, at),
            NodeKind::Map(entries) if allowed.allow("object") => self.map(node, entries, &allowed, at),
            NodeKind::Bool(_) => self.wrong_type(node, "true or false", &allowed, at),
            NodeKind::Number => self.wrong_type(node, "a number", &allowed, at),
            NodeKind::Text(_) | NodeKind::Interpolated(_) => self.wrong_type(node, "text", &allowed, at),
            NodeKind::List(_) => self.wrong_type(node, "a list", &allowed, at),
            NodeKind::Map(_) => self.wrong_type(node, "a map", &allowed, at),
        }
    }

    fn integer(&self, node: &Node, text: &str, allowed: &Alternatives<'_>, at: &Location<'_>) -> Option<Value> {
        let keyword = |keyword| allowed.of_type("integer").find_map(|rule| rule.number(keyword));
        let (min, max) = (keyword("const").or(keyword("minimum")), keyword("const").or(keyword("maximum")));
        let number = text.parse::<i64>().ok();
        if let Some(number) = number
            && min.is_none_or(|min| min <= number)
            && max.is_none_or(|max| number <= max)
        {
            return Some(number.into());
        }
        let range = match (min, max) {
            (Some(min), Some(max)) if min == max => format!("{min}"),
            (Some(min), Some(max)) => format!("a whole number from {min} to {max}"),
            _ => "a whole number".into(),
        };
        self.report(node, at, format!("{} must be {range}", at.name()), format!("write {range}, without quotes"));
        None
    }

    fn text(&self, node: &Node, text: &str, allowed: &Alternatives<'_>, at: &Location<'_>) -> Option<Value> {
        let Some(words) = allowed.words().filter(|words| !words.contains(&text)) else {
            return Some(Value::String(text.to_owned()));
        };
        let is_interpolated = matches!(node.kind, NodeKind::Interpolated(_));
        let shown = if is_interpolated { "the text" } else { &format!("`{text}`") };
        let title = format!("{shown} is not a valid value of {}", at.name());
        self.report(node, at, title, proposal(closest(text, words), &allowed.description()));
        None
    }

    fn list(&self, node: &Node, items: &[Node], allowed: &Alternatives<'_>, at: &Location<'_>) -> Option<Value> {
        let rule = allowed.of_type("array").next()?;
        if rule.is_below("minItems", items.len()) {
            self.report(node, at, format!("{} is an empty list", at.name()), "add at least one item");
            return None;
        }
        let item_rule = rule.items()?;
        let item = |(index, item): (usize, &Node)| {
            let path = format!("{}[{index}]", at.path);
            self.value(item, item_rule, &Location { path: &path, key: item.visible_span() })
        };
        // All items are validated before the list is rejected: a list without one of its items has another meaning.
        let values: Vec<Option<Value>> = items.iter().enumerate().map(item).collect();
        values.into_iter().collect::<Option<_>>().map(Value::Array)
    }

    fn map(&self, node: &Node, entries: &[Entry], allowed: &Alternatives<'_>, at: &Location<'_>) -> Option<Value> {
        let rules: Vec<SchemaRule<'_>> = allowed.of_type("object").collect();
        match rules.as_slice() {
            [rule] => self.object(node, entries, *rule, at),
            _ => self.tagged(node, entries, allowed, at),
        }
    }

    /// Validates a map with one key, which selects the alternative.
    fn tagged(&self, node: &Node, entries: &[Entry], allowed: &Alternatives<'_>, at: &Location<'_>) -> Option<Value> {
        let tags: Vec<(&str, SchemaRule<'_>)> = allowed.of_type("object").flat_map(SchemaRule::properties).collect();
        let description = allowed.description();
        let mut known = Vec::new();
        for entry in entries {
            match tags.iter().find(|(name, _)| *name == entry.key) {
                Some((_, rule)) => known.push((entry, *rule)),
                None => _ = self.unknown_key(entry, tags.iter().map(|(name, _)| *name), &description, at),
            }
        }
        let Some(&(entry, rule)) = known.first() else {
            if entries.is_empty() {
                self.report(node, at, format!("{} is empty", at.name()), format!("write {description}"));
            }
            return None;
        };
        if let Some((second, _)) = known.get(1) {
            let title = format!("{} has both `{}` and `{}`", at.name(), entry.key, second.key);
            self.diagnostics.report(second.key_span.clone(), title, format!("keep only one of {description}"));
        }
        let path = at.path_of(&entry.key);
        let value = self.value(&entry.value, rule, &Location { path: &path, key: entry.key_span.clone() })?;
        Some(Value::Object(Map::from_iter([(entry.key.clone(), value)])))
    }

    fn object(&self, node: &Node, entries: &[Entry], rule: SchemaRule<'_>, at: &Location<'_>) -> Option<Value> {
        let (mut map, mut misspelt) = (Map::new(), Vec::new());
        for entry in entries {
            if let Some(value_rule) = rule.property(&entry.key) {
                let path = at.path_of(&entry.key);
                let value =
                    self.value(&entry.value, value_rule, &Location { path: &path, key: entry.key_span.clone() });
                map.extend(value.map(|value| (entry.key.clone(), value)));
            } else {
                let known = || rule.properties().map(|(name, _)| name);
                let closest = self.unknown_key(entry, known(), &format!("one of {}", quoted(known())), at);
                // A misspelt key is not reported as missing too.
                if let Some(closest) = closest.filter(|closest| node.entry(closest).is_none()) {
                    let placeholder = rule.property(closest).and_then(SchemaRule::placeholder);
                    map.extend(placeholder.map(|value| (closest.to_owned(), value)));
                    misspelt.push(closest);
                }
            }
        }
        if rule.is_below("minProperties", entries.len()) {
            self.report(node, at, format!("{} is empty", at.name()), "add at least one entry");
        }
        for name in rule.required().filter(|name| node.entry(name).is_none() && !misspelt.contains(name)) {
            let description = rule.property(name).map(SchemaRule::description).unwrap_or_default();
            let title = format!("{} has no `{name}`", at.name());
            self.diagnostics.report(at.key.clone(), title, format!("add `{name}:` {description}"));
        }
        rule.completed(map)
    }

    /// Reports an unknown key. Returns the known key that is probably intended.
    fn unknown_key<'k>(
        &self,
        entry: &Entry,
        known: impl Iterator<Item = &'k str>,
        all: &str,
        at: &Location<'_>,
    ) -> Option<&'k str> {
        let closest = closest(&entry.key, known);
        if [Some(entry.key.as_str()), closest].into_iter().flatten().any(is_secret_key) {
            self.redact(&entry.value);
        }
        let title = format!("`{}` is not a key of {}", entry.key, at.name());
        self.diagnostics.report(entry.key_span.clone(), title, proposal(closest, all));
        closest
    }

    /// Redacts a value that may be a secret. A secret does not belong in the file; if it has one, no message shows it.
    fn redact(&self, node: &Node) {
        match &node.kind {
            NodeKind::Text(text) if text == "generate" || text.starts_with("env:") => {}
            NodeKind::Interpolated(_) => {}
            NodeKind::List(items) => items.iter().for_each(|item| self.redact(item)),
            NodeKind::Map(entries) => {
                // The arguments of a program are not secret: every user of the machine can see them.
                let others = entries.iter().filter(|entry| !["command", "generate"].contains(&entry.key.as_str()));
                others.for_each(|entry| self.redact(&entry.value));
            }
            _ => self.diagnostics.redact(node.span.clone()),
        }
    }

    fn wrong_type(&self, node: &Node, found: &str, allowed: &Alternatives<'_>, at: &Location<'_>) -> Option<Value> {
        let expected = allowed.description();
        if at.path.split('.').next_back().is_some_and(is_secret_key) {
            self.redact(node);
        }
        let text = &self.diagnostics.text[node.span.clone()];
        let is_bare = matches!(node.kind, NodeKind::Bool(_) | NodeKind::Number);
        let help = if is_bare && allowed.allow_any_text() {
            format!("quote the value: \"{text}\"")
        } else if allowed.allow("array") && matches!(node.kind, NodeKind::Text(_) | NodeKind::Interpolated(_)) {
            "write a list: `[…]`, or one line with `- ` for each item".into()
        } else if allowed.allow("integer") {
            format!("write {expected}, without quotes")
        } else {
            format!("write {expected}")
        };
        self.report(node, at, format!("{} is {found}, not {expected}", at.name()), help);
        None
    }

    fn report(&self, node: &Node, at: &Location<'_>, title: String, help: impl Into<String>) {
        if at.path.is_empty() {
            let help = "write the keys `version`, `targets` and `mask`; examples/aws.yaml and examples/local.yaml are \
                        complete files";
            return self.diagnostics.report(node.span.clone(), title, help);
        }
        // A map, a list and an empty value are marked at their key.
        let is_scalar = !matches!(node.kind, NodeKind::Map(_) | NodeKind::List(_) | NodeKind::Null);
        let span = if is_scalar { node.span.clone() } else { at.key.clone() };
        self.diagnostics.report(span, title, help);
    }
}

fn quoted<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn proposal(closest: Option<&str>, all: &str) -> String {
    match closest {
        Some(closest) => format!("did you mean `{closest}`?"),
        None => format!("write {all}, or remove it"),
    }
}

#[cfg(test)]
mod tests {
    use crate::config::testing::*;

    #[test]
    fn schema_violations_are_reported() {
        assert_faults(LOCAL, "schema");
    }
}

//! Holds the tree against the JSON schema, so that the schema editors use is the one in force. What
//! conforms comes back as JSON for serde. What does not is complained about and something harmless
//! stands in for it, so that the rest is still judged by the checks that follow.

mod rule;

use std::ops::Range;

use serde_json::{Map, Value};

use super::diagnostics::{Page, sounds_secret};
use super::did_you_mean::nearest;
use super::tree::{Entry, Kind, Node};

use rule::{Choices, Rule};

/// Holds a tree against a schema. None when too much is missing for anything to stand in for it.
pub fn conform(page: &Page, schema: &Value, root: &Node) -> Option<Value> {
    Conform { page }.value(root, Rule::root(schema), &At { path: "", key: 0..0 })
}

/// Where the walk is: the words for it and the place of the key that led there.
struct At<'a> {
    path: &'a str,
    key: Range<usize>,
}

impl At<'_> {
    fn name(&self) -> String {
        if self.path.is_empty() { "the file".into() } else { format!("`{}`", self.path) }
    }

    fn below(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}

struct Conform<'a> {
    page: &'a Page,
}

impl Conform<'_> {
    fn value(&self, node: &Node, rule: Rule<'_>, at: &At<'_>) -> Option<Value> {
        self.conforming(node, rule, at).or_else(|| rule.stand_in())
    }

    fn conforming(&self, node: &Node, rule: Rule<'_>, at: &At<'_>) -> Option<Value> {
        let choices = rule.choices();
        if rule.is_secret() {
            self.hide(node);
        }
        match &node.kind {
            Kind::Broken => None,
            Kind::Null if choices.allow("null") => Some(Value::Null),
            Kind::Null => {
                self.complain(
                    node,
                    at,
                    format!("{} is empty", at.name()),
                    format!("give it {}, or remove it", choices.in_words()),
                );
                None
            }
            Kind::Bool(value) if choices.allow("boolean") => Some(Value::Bool(*value)),
            Kind::Number if choices.allow("integer") => {
                self.integer(node, &self.page.text[node.span.clone()], &choices, at)
            }
            Kind::Filled(text) if choices.allow("integer") => self.integer(node, text, &choices, at),
            Kind::Filled(text) if choices.allow("boolean") => match text.as_str() {
                "true" => Some(Value::Bool(true)),
                "false" => Some(Value::Bool(false)),
                _ => self.wrong_type(node, "other text", &choices, at),
            },
            Kind::Text(text) | Kind::Filled(text) if choices.allow("string") => self.text(node, text, &choices, at),
            Kind::List(items) if choices.allow("array") => self.list(node, items, &choices, at),
            Kind::Map(entries) if choices.allow("object") => self.map(node, entries, &choices, at),
            Kind::Bool(_) => self.wrong_type(node, "true or false", &choices, at),
            Kind::Number => self.wrong_type(node, "a number", &choices, at),
            Kind::Text(_) | Kind::Filled(_) => self.wrong_type(node, "text", &choices, at),
            Kind::List(_) => self.wrong_type(node, "a list", &choices, at),
            Kind::Map(_) => self.wrong_type(node, "a map of keys", &choices, at),
        }
    }

    fn integer(&self, node: &Node, text: &str, choices: &Choices<'_>, at: &At<'_>) -> Option<Value> {
        let of = |keyword| choices.of("integer").find_map(|rule| rule.number(keyword));
        let (least, most) = (of("const").or(of("minimum")), of("const").or(of("maximum")));
        let number = text.parse::<i64>().ok();
        if let Some(number) = number
            && least.is_none_or(|least| least <= number)
            && most.is_none_or(|most| number <= most)
        {
            return Some(number.into());
        }
        let range = match (least, most) {
            (Some(least), Some(most)) if least == most => format!("{least}"),
            (Some(least), Some(most)) => format!("a whole number from {least} to {most}"),
            _ => "a whole number".into(),
        };
        self.complain(node, at, format!("{} must be {range}", at.name()), format!("write {range}, without quotes"));
        None
    }

    fn text(&self, node: &Node, text: &str, choices: &Choices<'_>, at: &At<'_>) -> Option<Value> {
        let Some(words) = choices.words().filter(|words| !words.contains(&text)) else {
            return Some(Value::String(text.to_owned()));
        };
        let shown = if matches!(node.kind, Kind::Filled(_)) { "this" } else { &format!("`{text}`") };
        let title = format!("{shown} is not a value of {}", at.name());
        self.complain(node, at, title, proposal(nearest(text, words), &choices.in_words()));
        None
    }

    fn list(&self, node: &Node, items: &[Node], choices: &Choices<'_>, at: &At<'_>) -> Option<Value> {
        let rule = choices.of("array").next()?;
        if rule.is_too_few("minItems", items.len()) {
            self.complain(node, at, format!("{} is an empty list", at.name()), "give it at least one item");
            return None;
        }
        let item_rule = rule.items()?;
        let conform_item = |(index, item): (usize, &Node)| {
            let path = format!("{}[{index}]", at.path);
            self.value(item, item_rule, &At { path: &path, key: item.visible_span() })
        };
        // All are judged before one can spoil the list: a list with a hole is another list.
        let values: Vec<Option<Value>> = items.iter().enumerate().map(conform_item).collect();
        values.into_iter().collect::<Option<_>>().map(Value::Array)
    }

    fn map(&self, node: &Node, entries: &[Entry], choices: &Choices<'_>, at: &At<'_>) -> Option<Value> {
        let rules: Vec<Rule<'_>> = choices.of("object").collect();
        match rules.as_slice() {
            [rule] => self.object(node, entries, *rule, at),
            _ => self.tagged(node, entries, choices, at),
        }
    }

    /// A map whose one key says which of several kinds it is.
    fn tagged(&self, node: &Node, entries: &[Entry], choices: &Choices<'_>, at: &At<'_>) -> Option<Value> {
        let tags: Vec<(&str, Rule<'_>)> = choices.of("object").flat_map(Rule::properties).collect();
        let one_of = choices.in_words();
        let mut known = Vec::new();
        for entry in entries {
            match tags.iter().find(|(name, _)| *name == entry.key) {
                Some((_, rule)) => known.push((entry, *rule)),
                None => _ = self.unknown(entry, tags.iter().map(|(name, _)| *name), &one_of, at),
            }
        }
        let Some(&(entry, rule)) = known.first() else {
            if entries.is_empty() {
                self.complain(node, at, format!("{} is empty", at.name()), format!("give it {one_of}"));
            }
            return None;
        };
        if let Some((second, _)) = known.get(1) {
            let title = format!("{} is either `{}` or `{}`", at.name(), entry.key, second.key);
            self.page.complain(second.key_span.clone(), title, None, format!("keep {one_of}"));
        }
        let path = at.below(&entry.key);
        let value = self.value(&entry.value, rule, &At { path: &path, key: entry.key_span.clone() })?;
        Some(Value::Object(Map::from_iter([(entry.key.clone(), value)])))
    }

    fn object(&self, node: &Node, entries: &[Entry], rule: Rule<'_>, at: &At<'_>) -> Option<Value> {
        let (mut map, mut misspelt) = (Map::new(), Vec::new());
        for entry in entries {
            if let Some(below) = rule.property(&entry.key) {
                let path = at.below(&entry.key);
                let value = self.value(&entry.value, below, &At { path: &path, key: entry.key_span.clone() });
                map.extend(value.map(|value| (entry.key.clone(), value)));
            } else {
                let known = || rule.properties().map(|(name, _)| name);
                let meant = self.unknown(entry, known(), &format!("one of {}", quoted(known())), at);
                // A misspelt key is not missing as well.
                if let Some(meant) = meant.filter(|meant| node.entry(meant).is_none()) {
                    let stand_in = rule.property(meant).and_then(Rule::stand_in);
                    map.extend(stand_in.map(|value| (meant.to_owned(), value)));
                    misspelt.push(meant);
                }
            }
        }
        if rule.is_too_few("minProperties", entries.len()) {
            self.complain(node, at, format!("{} is empty", at.name()), "give it at least one entry");
        }
        for name in rule.required().filter(|name| node.entry(name).is_none() && !misspelt.contains(name)) {
            let about = rule.property(name).map(Rule::about).unwrap_or_default();
            let title = format!("{} lacks the key `{name}`", at.name());
            self.page.complain(at.key.clone(), title, None, format!("add `{name}:` {about}"));
        }
        rule.completed(map)
    }

    /// Complains about a key, and gives back the known one that was probably meant.
    fn unknown<'k>(
        &self,
        entry: &Entry,
        known: impl Iterator<Item = &'k str>,
        all: &str,
        at: &At<'_>,
    ) -> Option<&'k str> {
        let meant = nearest(&entry.key, known);
        if [Some(entry.key.as_str()), meant].into_iter().flatten().any(sounds_secret) {
            self.hide(&entry.value);
        }
        let title = format!("`{}` is not a key of {}", entry.key, at.name());
        self.page.complain(entry.key_span.clone(), title, None, proposal(meant, all));
        meant
    }

    /// A secret does not belong into the file; if one is there, it does not get out of it.
    fn hide(&self, node: &Node) {
        match &node.kind {
            Kind::Text(text) if text == "generate" || text.starts_with("env:") => {}
            Kind::Filled(_) => {}
            Kind::List(items) => items.iter().for_each(|item| self.hide(item)),
            Kind::Map(entries) => {
                // A program's words are no secret: every user of the machine can see them.
                let others = entries.iter().filter(|entry| !["command", "generate"].contains(&entry.key.as_str()));
                others.for_each(|entry| self.hide(&entry.value));
            }
            _ => self.page.hide(node.span.clone()),
        }
    }

    fn wrong_type(&self, node: &Node, found: &str, choices: &Choices<'_>, at: &At<'_>) -> Option<Value> {
        let wanted = choices.in_words();
        if at.path.split('.').next_back().is_some_and(sounds_secret) {
            self.hide(node);
        }
        let written = &self.page.text[node.span.clone()];
        let scalar = matches!(node.kind, Kind::Bool(_) | Kind::Number);
        let help = if scalar && choices.allow_any_text() {
            format!("write it in quotes: \"{written}\"")
        } else if choices.allow("array") && matches!(node.kind, Kind::Text(_) | Kind::Filled(_)) {
            "write a list: `[…]`, or one line with `- ` for each item".into()
        } else if choices.allow("integer") {
            format!("write {wanted}, without quotes")
        } else {
            format!("write {wanted}")
        };
        self.complain(node, at, format!("{} is {found}, not {wanted}", at.name()), help);
        None
    }

    fn complain(&self, node: &Node, at: &At<'_>, title: String, help: impl Into<String>) {
        if at.path.is_empty() {
            let help = "it needs the keys `version`, `targets` and `mask`; devdb.example.yaml is one to start from";
            return self.page.complain(node.span.clone(), title, None, help);
        }
        // A map or list, or nothing at all, is shown by its key.
        let scalar = !matches!(node.kind, Kind::Map(_) | Kind::List(_) | Kind::Null);
        let span = if scalar { node.span.clone() } else { at.key.clone() };
        self.page.complain(span, title, None, help);
    }
}

fn quoted<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn proposal(meant: Option<&str>, all: &str) -> String {
    match meant {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("write {all}, or remove it"),
    }
}

#[cfg(test)]
mod tests {
    use crate::config::testing::*;

    #[test]
    fn what_does_not_conform_is_named() {
        assert_faults(
            LOCAL,
            r#"
            version: 1 => version: 2
                1:10 `version` must be 1
                write 1, without quotes
            version: 1 => version: "1"
                1:10 `version` is text, not 1
                write 1, without quotes
            version: 1\n =>
                1:1 the file lacks the key `version`
                add `version:` (Version of this form)
            platform: => platfrom:
                4:5 `platfrom` is not a key of `targets.app-dev`
                did you mean `platform`?
            version: 1 => vesion: 1
                1:1 `vesion` is not a key of the file
                did you mean `version`?
            version: 1 => version: 1\n이름: x
                2:1 `이름` is not a key of the file
                write one of `mask`, `references`, `sample`, `targets`, `version`, or remove it
            record: { => record: { zoom: 1,
                7:15 `zoom` is not a key of `targets.app-dev.record`
                write one of `name`, `ttl`, `zone`, or remove it
            record: { name: app-dev } => record:
                7:5 `targets.app-dev.record` is empty
                give it a map of keys, or remove it
            record: { name: app-dev } => record: app-dev
                7:13 `targets.app-dev.record` is text, not a map of keys
                write a map of keys
            record: { name: app-dev } => record: [app-dev]
                7:5 `targets.app-dev.record` is a list, not a map of keys
                write a map of keys
            name: app-dev => name: true
                7:21 `targets.app-dev.record.name` is true or false, not text
                write it in quotes: "true"
            name: app-dev => name: ~
                7:15 `targets.app-dev.record.name` is empty
                give it text, or remove it
            name: app-dev => name: [a]
                7:15 `targets.app-dev.record.name` is a list, not text
                write text
            local: { root: ./devdb } =>
                4:5 `targets.app-dev.platform` is empty
                give it `aws: …` or `local: …`
            local: { root: ./devdb } => locale: { root: ./devdb }
                4:17 `locale` is not a key of `targets.app-dev.platform`
                did you mean `local`?
            local: { root: ./devdb } => local: { root: ./devdb }, aws: {}
                4:43 `targets.app-dev.platform` is either `local` or `aws`
                keep `aws: …` or `local: …`
            [{ name: app }] => []
                8:5 `targets.app-dev.databases` is an empty list
                give it at least one item
            [{ name: app }] => { name: app }
                8:5 `targets.app-dev.databases` is a map of keys, not a list
                write a list
            [{ name: app }] => [app, { name: 5 }, {}]
                8:17 `targets.app-dev.databases[0]` is text, not a map of keys
                write a map of keys
                8:30 `targets.app-dev.databases[1].name` is a number, not text
                write it in quotes: "5"
                8:35 `targets.app-dev.databases[2]` lacks the key `name`
                add `name:` (Its name)
            prefix: app-dev- } => prefix: app-dev-, keep: two }
                6:43 `targets.app-dev.generation.keep` is text, not a whole number
                write a whole number, without quotes
            prefix: app-dev- } => prefix: app-dev-, keep: 1.5 }
                6:43 `targets.app-dev.generation.keep` must be a whole number from 0 to 5
                write a whole number from 0 to 5, without quotes
            prefix: app-dev- } => prefix: app-dev-, keep: -1 }
                6:43 `targets.app-dev.generation.keep` must be a whole number from 0 to 5
                write a whole number from 0 to 5, without quotes
            prefix: app-dev- } => prefix: app-dev-, keep: "${SECRET}" }
                6:43 `targets.app-dev.generation.keep` must be a whole number from 0 to 5
                write a whole number from 0 to 5, without quotes
            prefix: app-dev- } => prefix: app-dev-, prefix: b, lease: 1s, lease: 2s }
                6:37 the key `prefix` is given twice
                remove one of them; the first is on line 6
                6:59 the key `lease` is given twice
                remove one of them; the first is on line 6
            "#,
        );
    }
}

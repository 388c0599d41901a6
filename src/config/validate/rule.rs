//! A part of the JSON schema, and what it asks for. The keywords known here are those that are in force.

use serde_json::{Map, Value};

use crate::config::column_path::TablePath;
use crate::config::raw::TABLE_PATTERN;

/// A part of a schema.
#[derive(Clone, Copy)]
pub struct Rule<'a> {
    root: &'a Value,
    schema: &'a Value,
}

impl<'a> Rule<'a> {
    /// The whole schema.
    pub fn root(schema: &'a Value) -> Self {
        Self { root: schema, schema }
    }

    fn of(self, schema: &'a Value) -> Self {
        Self { schema, ..self }
    }

    /// The rule itself in the place of a reference to it.
    fn resolved(self) -> Self {
        let reference = self.schema.get("$ref").and_then(Value::as_str);
        let found = reference.and_then(|reference| self.root.pointer(reference.strip_prefix('#')?));
        found.map_or(self, |found| self.of(found).resolved())
    }

    fn alternatives(self) -> impl Iterator<Item = Rule<'a>> {
        let several = self.schema.get("oneOf").or(self.schema.get("anyOf")).and_then(Value::as_array);
        several.into_iter().flatten().map(move |one| self.of(one))
    }

    /// The simple rules of which one must hold.
    pub fn choices(self) -> Choices<'a> {
        let rule = self.resolved();
        let several: Vec<Rule<'a>> = rule.alternatives().flat_map(|one| one.choices().0).collect();
        Choices(if several.is_empty() { vec![rule] } else { several })
    }

    /// Whether a secret may be expected there.
    pub fn is_secret(self) -> bool {
        let rule = self.resolved();
        rule.schema.get("writeOnly").is_some() || rule.alternatives().any(Rule::is_secret)
    }

    /// Whether values of a type may conform.
    pub fn is(self, name: &str) -> bool {
        match self.schema.get("type") {
            Some(Value::String(one)) => one == name,
            Some(Value::Array(several)) => several.iter().any(|one| one == name),
            _ => false,
        }
    }

    /// A number under a keyword.
    pub fn number(self, keyword: &str) -> Option<i64> {
        self.schema.get(keyword).and_then(Value::as_i64)
    }

    /// Whether a count is below what a keyword asks for.
    pub fn is_too_few(self, keyword: &str, count: usize) -> bool {
        self.number(keyword).is_some_and(|least| i64::try_from(count).is_ok_and(|count| count < least))
    }

    /// The rule of a list's items.
    pub fn items(self) -> Option<Self> {
        self.schema.get("items").map(|items| self.of(items))
    }

    /// The known keys of a map.
    pub fn properties(self) -> impl Iterator<Item = (&'a str, Rule<'a>)> {
        let properties = self.schema.get("properties").and_then(Value::as_object);
        properties.into_iter().flatten().map(move |(name, property)| (name.as_str(), self.of(property)))
    }

    /// The rule for the value under a key, be it for this key or for all.
    pub fn property(self, key: &str) -> Option<Self> {
        let known = self.properties().find(|(name, _)| *name == key).map(|(_, property)| property);
        let known = known.or_else(|| {
            // The one pattern that is used; TablePath reads what it describes to editors.
            let table = self.schema.get("patternProperties")?.get(TABLE_PATTERN)?;
            TablePath::read(key).map(|_| self.of(table))
        });
        let others = self.schema.get("additionalProperties").filter(|others| others.is_object());
        known.or(others.map(|others| self.of(others)))
    }

    /// The keys that a map must have.
    pub fn required(self) -> impl Iterator<Item = &'a str> {
        self.schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    }

    /// What a value is for, in the words of the schema.
    pub fn about(self) -> String {
        let description = self.schema.get("description").or_else(|| self.resolved().schema.get("description"));
        description.and_then(Value::as_str).map_or(String::new(), |text| format!("({})", text.trim_end_matches('.')))
    }

    /// A value that conforms. There is none for a choice between several maps: to choose one would
    /// lead to complaints that the other does not deserve.
    pub fn stand_in(self) -> Option<Value> {
        let choices = self.choices();
        let only = choices.0.first().filter(|_| choices.0.len() == 1);
        let rule = choices.0.iter().find(|choice| choice.is("string")).or(only)?;
        let schema = rule.schema;
        let given = schema.get("const").or(schema.pointer("/examples/0")).or(schema.get("minimum")).cloned();
        match schema.get("type")?.as_str()? {
            "string" => given.or(Some("".into())),
            "integer" => given.or(Some(0.into())),
            "boolean" => Some(false.into()),
            "array" => Some(Value::Array(Vec::new())),
            "object" => rule.completed(Map::new()),
            _ => None,
        }
    }

    /// A map with something in the place of every required key that it lacks.
    pub fn completed(self, mut map: Map<String, Value>) -> Option<Value> {
        for name in self.required() {
            if !map.contains_key(name) {
                map.insert(name.to_owned(), self.property(name)?.stand_in()?);
            }
        }
        Some(Value::Object(map))
    }

    /// What conforms, in words.
    fn in_words(self) -> String {
        let text = |value: &'a Value| value.as_str().map_or(value.to_string(), |word| format!("`{word}`"));
        if let Some(constant) = self.schema.get("const") {
            return text(constant);
        }
        let tag = self.required().next().filter(|_| self.properties().count() == 1);
        match (self.schema.pointer("/examples/0"), tag) {
            (Some(example), _) if self.is("string") => format!("text such as {}", text(example)),
            (_, Some(tag)) if self.is("object") => format!("`{tag}: …`"),
            _ if self.is("string") => "text".into(),
            _ if self.is("integer") => "a whole number".into(),
            _ if self.is("boolean") => "`true` or `false`".into(),
            _ if self.is("array") => "a list".into(),
            _ => "a map of keys".into(),
        }
    }
}

/// Rules of which one must hold.
pub struct Choices<'a>(Vec<Rule<'a>>);

impl<'a> Choices<'a> {
    /// Whether values of a type may conform.
    pub fn allow(&self, name: &str) -> bool {
        self.of(name).next().is_some()
    }

    /// Those for values of a type.
    pub fn of(&self, name: &str) -> impl Iterator<Item = Rule<'a>> {
        self.0.iter().copied().filter(move |rule| rule.is(name))
    }

    /// The words of which text must be one; none when it is free.
    pub fn words(&self) -> Option<Vec<&'a str>> {
        self.of("string").map(|rule| rule.schema.get("const").and_then(Value::as_str)).collect()
    }

    /// Whether text of any form conforms, as far as the schema goes.
    pub fn allow_any_text(&self) -> bool {
        self.of("string").any(|rule| rule.schema.get("const").or(rule.schema.get("examples")).is_none())
    }

    /// What conforms, in words.
    pub fn in_words(&self) -> String {
        let named = self.0.iter().filter(|rule| rule.schema.get("type").is_none_or(|name| name != "null"));
        named.map(|rule| rule.in_words()).collect::<Vec<_>>().join(" or ")
    }
}

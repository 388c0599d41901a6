//! A part of the JSON schema and its requirements. Only the keywords known here are in force.

use serde_json::{Map, Value};

use crate::config::column_path::TablePath;
use crate::config::raw::TABLE_PATTERN;

/// A part of a schema.
#[derive(Clone, Copy)]
pub struct SchemaRule<'a> {
    root: &'a Value,
    schema: &'a Value,
}

impl<'a> SchemaRule<'a> {
    /// Returns the rule for the whole file.
    pub fn root(schema: &'a Value) -> Self {
        Self { root: schema, schema }
    }

    fn with_schema(self, schema: &'a Value) -> Self {
        Self { schema, ..self }
    }

    /// Follows a reference (`$ref`) to the rule.
    fn dereferenced(self) -> Self {
        let reference = self.schema.get("$ref").and_then(Value::as_str);
        let found = reference.and_then(|reference| self.root.pointer(reference.strip_prefix('#')?));
        found.map_or(self, |found| self.with_schema(found).dereferenced())
    }

    /// Returns the direct alternatives (`oneOf`, `anyOf`).
    fn branches(self) -> impl Iterator<Item = SchemaRule<'a>> {
        let branches = self.schema.get("oneOf").or(self.schema.get("anyOf")).and_then(Value::as_array);
        branches.into_iter().flatten().map(move |branch| self.with_schema(branch))
    }

    /// Returns the alternatives without nesting. A value must satisfy one of them.
    pub fn alternatives(self) -> Alternatives<'a> {
        let rule = self.dereferenced();
        let nested: Vec<SchemaRule<'a>> = rule.branches().flat_map(|branch| branch.alternatives().0).collect();
        Alternatives(if nested.is_empty() { vec![rule] } else { nested })
    }

    /// Whether the value is the origin of a secret.
    pub fn is_secret(self) -> bool {
        let rule = self.dereferenced();
        rule.schema.get("writeOnly").is_some() || rule.branches().any(SchemaRule::is_secret)
    }

    /// Whether values of a JSON type are allowed.
    pub fn has_type(self, name: &str) -> bool {
        match self.schema.get("type") {
            Some(Value::String(only)) => only == name,
            Some(Value::Array(types)) => types.iter().any(|one| one == name),
            _ => false,
        }
    }

    /// Returns the number under a keyword.
    pub fn number(self, keyword: &str) -> Option<i64> {
        self.schema.get(keyword).and_then(Value::as_i64)
    }

    /// Whether a count is below the minimum under a keyword.
    pub fn is_below(self, keyword: &str, count: usize) -> bool {
        self.number(keyword).is_some_and(|min| i64::try_from(count).is_ok_and(|count| count < min))
    }

    /// Returns the rule for the items of a list.
    pub fn items(self) -> Option<Self> {
        self.schema.get("items").map(|items| self.with_schema(items))
    }

    /// Returns the known keys of a map with their rules.
    pub fn properties(self) -> impl Iterator<Item = (&'a str, SchemaRule<'a>)> {
        let properties = self.schema.get("properties").and_then(Value::as_object);
        properties.into_iter().flatten().map(move |(name, property)| (name.as_str(), self.with_schema(property)))
    }

    /// Returns the rule for the value under a key, or `None` for an unknown key.
    pub fn property(self, key: &str) -> Option<Self> {
        let known = self.properties().find(|(name, _)| *name == key).map(|(_, property)| property);
        let known = known.or_else(|| {
            // The only pattern in use. `TablePath` parses the same keys, and the pattern describes them to editors.
            let table = self.schema.get("patternProperties")?.get(TABLE_PATTERN)?;
            TablePath::parse(key).map(|_| self.with_schema(table))
        });
        let others = self.schema.get("additionalProperties").filter(|others| others.is_object());
        known.or(others.map(|others| self.with_schema(others)))
    }

    /// Returns the required keys of a map.
    pub fn required(self) -> impl Iterator<Item = &'a str> {
        self.schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    }

    /// Returns the description in the schema, in parentheses.
    pub fn description(self) -> String {
        let description = self.schema.get("description").or_else(|| self.dereferenced().schema.get("description"));
        description.and_then(Value::as_str).map_or(String::new(), |text| format!("({})", text.trim_end_matches('.')))
    }

    /// Returns a valid value. There is none for alternatives between several maps, because choosing one could cause
    /// complaints that do not apply to the other.
    pub fn placeholder(self) -> Option<Value> {
        let alternatives = self.alternatives();
        let rule = alternatives.of_type("string").next().or(alternatives.only())?;
        let schema = rule.schema;
        let example = schema.get("const").or(schema.pointer("/examples/0")).or(schema.get("minimum")).cloned();
        match schema.get("type")?.as_str()? {
            "string" => example.or(Some("".into())),
            "integer" => example.or(Some(0.into())),
            "boolean" => Some(false.into()),
            "array" => Some(Value::Array(Vec::new())),
            "object" => rule.completed(Map::new()),
            _ => None,
        }
    }

    /// Adds placeholders for the missing required keys to a map.
    pub fn completed(self, mut map: Map<String, Value>) -> Option<Value> {
        for name in self.required() {
            if !map.contains_key(name) {
                map.insert(name.to_owned(), self.property(name)?.placeholder()?);
            }
        }
        Some(Value::Object(map))
    }

    /// Describes the allowed values.
    fn allowed_values(self) -> String {
        let literal = |value: &'a Value| value.as_str().map_or(value.to_string(), |word| format!("`{word}`"));
        if let Some(constant) = self.schema.get("const") {
            return literal(constant);
        }
        let tag = self.required().next().filter(|_| self.properties().count() == 1);
        match (self.schema.pointer("/examples/0"), tag) {
            (Some(example), _) if self.has_type("string") => format!("text such as {}", literal(example)),
            (_, Some(tag)) if self.has_type("object") => format!("`{tag}: …`"),
            _ if self.has_type("string") => "text".into(),
            _ if self.has_type("integer") => "a whole number".into(),
            _ if self.has_type("boolean") => "`true` or `false`".into(),
            _ if self.has_type("array") => "a list".into(),
            _ => "a map".into(),
        }
    }
}

/// Rules of which a value must satisfy one.
pub struct Alternatives<'a>(Vec<SchemaRule<'a>>);

impl<'a> Alternatives<'a> {
    /// Whether values of a JSON type are allowed.
    pub fn allow(&self, name: &str) -> bool {
        self.of_type(name).next().is_some()
    }

    /// Returns the alternatives for values of a JSON type.
    pub fn of_type(&self, name: &str) -> impl Iterator<Item = SchemaRule<'a>> {
        self.0.iter().copied().filter(move |rule| rule.has_type(name))
    }

    /// Returns the only alternative.
    fn only(&self) -> Option<SchemaRule<'a>> {
        if let [only] = self.0.as_slice() { Some(*only) } else { None }
    }

    /// Returns the words of which a text must be one, or `None` if other text is allowed.
    pub fn words(&self) -> Option<Vec<&'a str>> {
        self.of_type("string").map(|rule| rule.schema.get("const").and_then(Value::as_str)).collect()
    }

    /// Whether the schema allows text of any form.
    pub fn allow_any_text(&self) -> bool {
        self.of_type("string").any(|rule| rule.schema.get("const").or(rule.schema.get("examples")).is_none())
    }

    /// Describes the allowed values.
    pub fn description(&self) -> String {
        let named = self.0.iter().filter(|rule| rule.schema.get("type").is_none_or(|name| name != "null"));
        named.map(|rule| rule.allowed_values()).collect::<Vec<_>>().join(" or ")
    }
}

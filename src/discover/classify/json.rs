//! Classification of JSON documents: a mask for every path that holds personal data.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::category::Category;
use super::column_names::meaning;
use super::combine::category_of;
use super::masks;
use super::value_stats::ValueStats;
use crate::config::yaml_quoted;

/// Distinct keys of one object above which they are treated as data, one for each row: `[*]`.
const MAX_KEYS: usize = 60;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Key(String),
    /// Every element of an array, or every value of an object.
    Each,
}

/// A path to personal data, its category, and its mask.
type PersonalPath<'a> = (&'a [Segment], Category, String);

/// The values in documents, by path.
pub(super) struct Documents {
    /// Number of documents that are valid JSON.
    pub(super) count: usize,
    leaves: BTreeMap<Vec<Segment>, Vec<String>>,
    /// Whether some documents are arrays.
    has_arrays: bool,
}

impl Documents {
    /// Collects the values of documents; invalid ones are skipped.
    pub(super) fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Documents {
        let parsed: Vec<Value> = texts.into_iter().filter_map(|text| serde_json::from_str(text).ok()).collect();
        let mut documents =
            Documents { count: parsed.len(), leaves: BTreeMap::new(), has_arrays: parsed.iter().any(Value::is_array) };
        let mut crowded = BTreeSet::new();
        let mut keys: BTreeMap<Vec<Segment>, BTreeSet<&str>> = BTreeMap::new();
        for document in &parsed {
            collect_keys(document, &mut Vec::new(), &mut keys);
        }
        for (path, keys) in keys {
            if keys.len() > MAX_KEYS || keys.iter().any(|key| key.contains('@') || key.contains('"')) {
                crowded.insert(path);
            }
        }
        for document in &parsed {
            documents.walk(document, &mut Vec::new(), &crowded);
        }
        documents
    }

    fn walk(&mut self, value: &Value, path: &mut Vec<Segment>, crowded: &BTreeSet<Vec<Segment>>) {
        let mut leaf = |text: String| self.leaves.entry(path.clone()).or_default().push(text);
        match value {
            Value::String(text) => leaf(text.clone()),
            Value::Number(number) => leaf(number.to_string()),
            Value::Null | Value::Bool(_) => {}
            Value::Array(items) => {
                for item in items {
                    path.push(Segment::Each);
                    self.walk(item, path, crowded);
                    path.pop();
                }
            }
            Value::Object(entries) => {
                let all = crowded.contains(path);
                for (key, value) in entries {
                    path.push(if all { Segment::Each } else { Segment::Key(key.clone()) });
                    self.walk(value, path, crowded);
                    path.pop();
                }
            }
        }
    }

    /// Paths to personal data.
    fn personal(&self) -> Vec<PersonalPath<'_>> {
        let mut found = Vec::new();
        for (path, texts) in &self.leaves {
            let mut keys = path.iter().rev().filter_map(|segment| match segment {
                Segment::Key(key) => Some(key.as_str()),
                Segment::Each => None,
            });
            let (name, parent) = (keys.next().unwrap_or_default(), keys.next().unwrap_or_default());
            let values = ValueStats::of(texts.iter().map(String::as_str));
            let numeric = texts.iter().all(|text| text.parse::<f64>().is_ok());
            if let Some(category) = category_of(meaning(name, parent), &values, numeric) {
                let masks = masks::for_text(category, &values);
                let mask = masks.into_iter().find(|mask| !mask.contains("fixed")).unwrap_or("null");
                found.push((path.as_slice(), category, mask.to_owned()));
            }
        }
        found
    }

    /// Returns masks for a column with these documents, the best first, and the reason. `None` if nothing looks
    /// personal.
    pub(super) fn masks(&self) -> Option<(Vec<String>, String)> {
        let personal = self.personal();
        if personal.is_empty() {
            return None;
        }
        let each: BTreeMap<String, String> =
            personal.iter().map(|(path, _, mask)| (json_path(path), mask.clone())).collect();
        // For columns that do not accept `[*]`: whole arrays are masked.
        let mut whole: BTreeMap<Vec<Segment>, String> = BTreeMap::new();
        for (path, _, mask) in &personal {
            let cut = path.iter().position(|segment| *segment == Segment::Each);
            whole.insert(
                path[..cut.unwrap_or(path.len())].to_vec(),
                if cut.is_some() { "null".into() } else { mask.clone() },
            );
        }
        let mut outermost: BTreeMap<String, String> = BTreeMap::new();
        for (path, mask) in &whole {
            if !(0..path.len()).any(|length| whole.contains_key(&path[..length])) {
                outermost.insert(json_path(path), mask.clone());
            }
        }
        let map = |paths: &BTreeMap<String, String>| {
            let entries: Vec<String> =
                paths.iter().map(|(path, mask)| format!("{}: {mask}", yaml_quoted(path))).collect();
            format!("{{ json: {{ {} }} }}", entries.join(", "))
        };
        let empty = if self.has_arrays { "{ fixed: \"[]\" }" } else { "{ fixed: \"{}\" }" };
        let categories: BTreeSet<&str> = personal.iter().map(|(_, category, _)| category.plural()).collect();
        let categories: Vec<&str> = categories.into_iter().collect();
        let reason = format!(
            "{} of {} paths in {} sampled documents hold {}",
            personal.len(),
            self.paths(),
            self.count,
            categories.join(", ")
        );
        Some((vec![map(&each), map(&outermost), "{ json: shape }".into(), "null".into(), empty.into()], reason))
    }

    /// Number of paths to texts or numbers.
    pub(super) fn paths(&self) -> usize {
        self.leaves.len()
    }
}

fn collect_keys<'a>(value: &'a Value, path: &mut Vec<Segment>, keys: &mut BTreeMap<Vec<Segment>, BTreeSet<&'a str>>) {
    match value {
        Value::Array(items) => {
            for item in items {
                path.push(Segment::Each);
                collect_keys(item, path, keys);
                path.pop();
            }
        }
        Value::Object(entries) => {
            for (key, value) in entries {
                keys.entry(path.clone()).or_default().insert(key);
                path.push(Segment::Key(key.clone()));
                collect_keys(value, path, keys);
                path.pop();
            }
        }
        _ => {}
    }
}

/// A path as the mask `json` takes it.
fn json_path(path: &[Segment]) -> String {
    let mut text = String::from("$");
    for segment in path {
        match segment {
            Segment::Each => text.push_str("[*]"),
            Segment::Key(key)
                if !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-') =>
            {
                text.push('.');
                text.push_str(key);
            }
            Segment::Key(key) => text.push_str(&format!(".\"{key}\"")),
        }
    }
    text
}

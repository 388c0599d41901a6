//! Documents: what stands at each path, and a mask for every path that holds something personal.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::config::yaml_quoted;
use crate::discover::classify::category::Sense;
use crate::discover::classify::column_names::said;
use crate::discover::classify::value_stats::Values;

/// Keys beyond this many at one place are names of things, one for each row: `.*`.
const KEYS: usize = 60;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Key(String),
    Each,
}

/// A path to something personal, what that is, and its mask.
type Personal<'a> = (&'a [Step], Sense, String);

/// What documents hold.
pub(crate) struct Documents {
    /// How many could be read.
    pub(crate) read: usize,
    leaves: BTreeMap<Vec<Step>, Vec<String>>,
    array: bool,
}

impl Documents {
    pub(crate) fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Documents {
        let read: Vec<Value> = texts.into_iter().filter_map(|text| serde_json::from_str(text).ok()).collect();
        let mut documents =
            Documents { read: read.len(), leaves: BTreeMap::new(), array: read.iter().any(Value::is_array) };
        let mut crowded = BTreeSet::new();
        let mut keys: BTreeMap<Vec<Step>, BTreeSet<&str>> = BTreeMap::new();
        for document in &read {
            count_keys(document, &mut Vec::new(), &mut keys);
        }
        for (path, keys) in keys {
            if keys.len() > KEYS || keys.iter().any(|key| key.contains('@') || key.contains('"')) {
                crowded.insert(path);
            }
        }
        for document in &read {
            documents.walk(document, &mut Vec::new(), &crowded);
        }
        documents
    }

    fn walk(&mut self, value: &Value, path: &mut Vec<Step>, crowded: &BTreeSet<Vec<Step>>) {
        let mut leaf = |text: String| self.leaves.entry(path.clone()).or_default().push(text);
        match value {
            Value::String(text) => leaf(text.clone()),
            Value::Number(number) => leaf(number.to_string()),
            Value::Null | Value::Bool(_) => {}
            Value::Array(items) => {
                for item in items {
                    path.push(Step::Each);
                    self.walk(item, path, crowded);
                    path.pop();
                }
            }
            Value::Object(entries) => {
                let all = crowded.contains(path);
                for (key, value) in entries {
                    path.push(if all { Step::Each } else { Step::Key(key.clone()) });
                    self.walk(value, path, crowded);
                    path.pop();
                }
            }
        }
    }

    /// Paths to something personal with its masks, and how many paths there are.
    fn personal(&self) -> (Vec<Personal<'_>>, usize) {
        let mut found = Vec::new();
        for (path, texts) in &self.leaves {
            let name =
                path.iter().rev().find_map(|step| if let Step::Key(key) = step { Some(key.as_str()) } else { None });
            let above = path
                .iter()
                .rev()
                .filter_map(|step| if let Step::Key(key) = step { Some(key.as_str()) } else { None })
                .nth(1);
            let values = Values::of(texts.iter().map(String::as_str));
            let sense = crate::discover::classify::sense_of(
                said(name.unwrap_or_default(), above.unwrap_or_default()),
                &values,
                texts.iter().all(|text| text.parse::<f64>().is_ok()),
            );
            if let Some(sense) = sense {
                let mask = sense.masks(&values).into_iter().find(|mask| !mask.contains("fixed")).unwrap_or("null");
                found.push((path.as_slice(), sense, mask.to_owned()));
            }
        }
        (found, self.leaves.len())
    }

    /// Masks for a column with these documents, the best first; none when nothing personal is seen.
    pub(crate) fn masks(&self) -> Option<(Vec<String>, String)> {
        let (personal, paths) = self.personal();
        if personal.is_empty() {
            return None;
        }
        let each: BTreeMap<String, String> =
            personal.iter().map(|(path, _, mask)| (shown(path), mask.clone())).collect();
        // Where `[*]` is not taken, the whole array goes.
        let mut whole: BTreeMap<Vec<Step>, String> = BTreeMap::new();
        for (path, _, mask) in &personal {
            let cut = path.iter().position(|step| *step == Step::Each);
            whole.insert(
                path[..cut.unwrap_or(path.len())].to_vec(),
                if cut.is_some() { "null".into() } else { mask.clone() },
            );
        }
        let mut kept: BTreeMap<String, String> = BTreeMap::new();
        for (path, mask) in &whole {
            if !(0..path.len()).any(|length| whole.contains_key(&path[..length])) {
                kept.insert(shown(path), mask.clone());
            }
        }
        let map = |paths: &BTreeMap<String, String>| {
            let entries: Vec<String> =
                paths.iter().map(|(path, mask)| format!("{}: {mask}", yaml_quoted(path))).collect();
            format!("{{ json: {{ {} }} }}", entries.join(", "))
        };
        let empty = if self.array { "{ fixed: \"[]\" }" } else { "{ fixed: \"{}\" }" };
        let senses: BTreeSet<&str> = personal.iter().map(|(_, sense, _)| sense.plural()).collect();
        let senses: Vec<&str> = senses.into_iter().collect();
        let seen = format!(
            "{} of {paths} paths in {} sampled documents hold {}",
            personal.len(),
            self.read,
            senses.join(", ")
        );
        Some((vec![map(&each), map(&kept), "{ json: shape }".into(), "null".into(), empty.into()], seen))
    }

    /// How many paths lead to texts or numbers.
    pub(crate) fn paths(&self) -> usize {
        self.leaves.len()
    }
}

fn count_keys<'a>(value: &'a Value, path: &mut Vec<Step>, keys: &mut BTreeMap<Vec<Step>, BTreeSet<&'a str>>) {
    match value {
        Value::Array(items) => {
            for item in items {
                path.push(Step::Each);
                count_keys(item, path, keys);
                path.pop();
            }
        }
        Value::Object(entries) => {
            for (key, value) in entries {
                keys.entry(path.clone()).or_default().insert(key);
                path.push(Step::Key(key.clone()));
                count_keys(value, path, keys);
                path.pop();
            }
        }
        _ => {}
    }
}

fn shown(path: &[Step]) -> String {
    let mut text = String::from("$");
    for step in path {
        match step {
            Step::Each => text.push_str("[*]"),
            Step::Key(key) if !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-') => {
                text.push('.');
                text.push_str(key);
            }
            Step::Key(key) => text.push_str(&format!(".\"{key}\"")),
        }
    }
    text
}

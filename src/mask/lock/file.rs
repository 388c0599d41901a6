//! The file: databases by name, parsed and rendered.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde_yaml::Spanned;

use super::schema::Lock;
use crate::config::TablePath;
use crate::config::yaml_scalar;

const HEADER: &str =
    "# The accepted schemas of these databases. Commit this file; `devdb coverage --accept` rewrites it.\n";
/// Version of the format. An older devdb refuses a newer file instead of reading half of it.
const VERSION: u32 = 1;

/// An error in the file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct LockError {
    /// Line, from 1.
    pub line: usize,
    /// Message.
    pub message: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LockFile {
    version: Spanned<u32>,
    databases: BTreeMap<String, DatabaseSection>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DatabaseSection {
    #[serde(default)]
    tables: BTreeMap<String, BTreeMap<String, String>>,
    #[serde(default)]
    enums: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    references: Vec<String>,
}

/// Parses a file: databases by name.
///
/// # Errors
/// The first error with its line.
pub fn parse(text: &str) -> Result<BTreeMap<String, Lock>, LockError> {
    let file: LockFile = serde_yaml::from_str(text).map_err(|error| {
        let line = error.location().map_or(1, |location| usize::try_from(location.line()).unwrap_or(1));
        LockError { line, message: error.to_string().lines().next().unwrap_or_default().to_owned() }
    })?;
    let line = |place: serde_yaml::Location| usize::try_from(place.line()).unwrap_or(1);
    if file.version.value != VERSION {
        let message = format!("the file has version {}, but this devdb reads version {VERSION}", file.version.value);
        return Err(LockError { line: line(file.version.referenced), message });
    }
    let path = |name: String| {
        // The parser reports no position for keys; the name occurs once as a key.
        let line = text
            .lines()
            .position(|line| line.trim_start().trim_start_matches('"').starts_with(&name))
            .map_or(1, |at| at + 1);
        let message = || format!("{} is not a name with a schema", yaml_scalar(&name));
        TablePath::parse(&name).ok_or_else(|| LockError { line, message: message() })
    };
    let mut databases = BTreeMap::new();
    for (name, database) in file.databases {
        let mut lock = Lock { references: database.references, ..Lock::default() };
        for (name, columns) in database.tables {
            lock.tables.insert(path(name)?, columns);
        }
        for (name, labels) in database.enums {
            lock.enums.insert(path(name)?, labels);
        }
        databases.insert(name, lock);
    }
    Ok(databases)
}

/// Renders the file.
pub fn render(databases: &BTreeMap<String, Lock>) -> String {
    let mut text = format!("{HEADER}version: {VERSION}\ndatabases:");
    if databases.is_empty() {
        text.push_str(" {}");
    }
    text.push('\n');
    for (name, lock) in databases {
        text.push_str(&format!("  {}:\n{lock}", yaml_scalar(name)));
    }
    text
}

/// The section of one database.
impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let if_empty = |empty: bool, text: &'static str| if empty { text } else { "" };
        writeln!(f, "    tables:{}", if_empty(self.tables.is_empty(), " {}"))?;
        for (table, columns) in &self.tables {
            writeln!(f, "      {}:{}", yaml_scalar(&table.to_string()), if_empty(columns.is_empty(), " {}"))?;
            for (column, description) in columns {
                writeln!(f, "        {}: {}", yaml_scalar(column), yaml_words(description))?;
            }
        }
        writeln!(f, "    enums:{}", if_empty(self.enums.is_empty(), " {}"))?;
        for (name, labels) in &self.enums {
            writeln!(f, "      {}:{}", yaml_scalar(&name.to_string()), if_empty(labels.is_empty(), " []"))?;
            for label in labels {
                writeln!(f, "        - {}", yaml_scalar(label))?;
            }
        }
        writeln!(f, "    references:{}", if_empty(self.references.is_empty(), " []"))?;
        for reference in &self.references {
            writeln!(f, "      - {}", yaml_words(reference))?;
        }
        Ok(())
    }
}

/// Renders text of several words, which needs quotation marks only for characters with a meaning in YAML.
fn yaml_words(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | ' ' | '(' | ')' | '[' | ']' | '-' | '>' | ',');
    let first = text.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_');
    let spaced = text.contains("  ") || text.ends_with(' ');
    if first && !spaced && text.contains([' ', '(', '[']) && text.chars().all(plain) {
        text.to_owned()
    } else {
        yaml_scalar(text)
    }
}

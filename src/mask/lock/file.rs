//! The file: databases by name, written and read.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde_yaml::Spanned;

use super::Lock;
use crate::config::TablePath;
use crate::config::yaml_scalar;

const HEADER: &str = "# What devdb knows of these databases. Commit it; `devdb coverage --accept` writes it anew.\n";
/// Of the form of the file. An older devdb does not read a newer file's half.
const VERSION: u32 = 1;

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct Complaint {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub what: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: Spanned<u32>,
    databases: BTreeMap<String, Database>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Database {
    #[serde(default)]
    tables: BTreeMap<String, BTreeMap<String, String>>,
    #[serde(default)]
    enums: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    references: Vec<String>,
}

/// Reads a file: databases by name.
///
/// # Errors
/// The first thing that is wrong with it, and where.
pub fn read(text: &str) -> Result<BTreeMap<String, Lock>, Complaint> {
    let file: File = serde_yaml::from_str(text).map_err(|error| {
        let line = error.location().map_or(1, |place| usize::try_from(place.line()).unwrap_or(1));
        let words = error.to_string();
        Complaint { line, what: words.lines().next().unwrap_or_default().to_owned() }
    })?;
    let line = |place: serde_yaml::Location| usize::try_from(place.line()).unwrap_or(1);
    if file.version.value != VERSION {
        let what = format!("the file has version {}, and this devdb reads {VERSION}", file.version.value);
        return Err(Complaint { line: line(file.version.referenced), what });
    }
    let path = |name: String| {
        // Keys have no place of their own; the name stands there once as a key.
        let line = text
            .lines()
            .position(|line| line.trim_start().trim_start_matches('"').starts_with(&name))
            .map_or(1, |at| at + 1);
        let what = || format!("{} is no name with its schema", yaml_scalar(&name));
        TablePath::read(&name).ok_or_else(|| Complaint { line, what: what() })
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

/// The file with these databases.
pub fn written(databases: &BTreeMap<String, Lock>) -> String {
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

/// One database's part of the file.
impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let none = |empty: bool, open: &'static str| if empty { open } else { "" };
        writeln!(f, "    tables:{}", none(self.tables.is_empty(), " {}"))?;
        for (table, columns) in &self.tables {
            writeln!(f, "      {}:{}", yaml_scalar(&table.to_string()), none(columns.is_empty(), " {}"))?;
            for (column, described) in columns {
                writeln!(f, "        {}: {}", yaml_scalar(column), plain_or_quoted_words(described))?;
            }
        }
        writeln!(f, "    enums:{}", none(self.enums.is_empty(), " {}"))?;
        for (name, labels) in &self.enums {
            writeln!(f, "      {}:{}", yaml_scalar(&name.to_string()), none(labels.is_empty(), " []"))?;
            for label in labels {
                writeln!(f, "        - {}", yaml_scalar(label))?;
            }
        }
        writeln!(f, "    references:{}", none(self.references.is_empty(), " []"))?;
        for reference in &self.references {
            writeln!(f, "      - {}", plain_or_quoted_words(reference))?;
        }
        Ok(())
    }
}

/// Several words need quotation marks only for signs that mean something to YAML.
fn plain_or_quoted_words(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | ' ' | '(' | ')' | '[' | ']' | '-' | '>' | ',');
    let first = text.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_');
    let spaced = text.contains("  ") || text.ends_with(' ');
    if first && !spaced && text.contains([' ', '(', '[']) && text.chars().all(plain) {
        text.to_owned()
    } else {
        yaml_scalar(text)
    }
}

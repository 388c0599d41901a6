//! What is asked for, as meant.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::config::{Sample, TablePath};
use crate::docker::Image;
use crate::error::{Exit, Failure};
use crate::pg::Url;
use crate::sample::{Pick, Seeds};

/// What is asked for.
#[derive(Debug)]
pub struct Ask {
    /// The rows to start from; at least one pick, but for suggestions.
    pub seeds: Vec<Seeds>,
    /// Where to read instead of what the configuration says.
    pub from: Option<Url>,
    /// What for.
    pub goal: Goal,
    /// Whether an image is pushed.
    pub push: bool,
    /// Whether what stands in the target's place may be replaced.
    pub replace: bool,
}

/// What a sample is taken for.
#[derive(Debug)]
pub enum Goal {
    /// To be written somewhere.
    Write(Sink),
    /// To be looked at.
    Look(Look),
}

/// What is looked at.
#[derive(Debug)]
pub enum Look {
    /// Rows and bytes by table and edge.
    Plan,
    /// Why a row is in it.
    Why(TablePath, String),
    /// References that the database does not declare.
    Suggest,
}

/// Where a sample goes.
#[derive(Debug)]
pub enum Sink {
    /// An image of the container engine.
    Container(Image),
    /// A database.
    Database(Box<Url>),
    /// A folder, or one `.tar.zst`.
    Archive(PathBuf),
}

impl Sink {
    /// Reads `container://REPO:TAG`, `database://USER@HOST/DB` or `archive:PATH`.
    ///
    /// # Errors
    /// `Exit::Usage`, with the three forms.
    pub fn read(text: &str, url: impl FnOnce(&str) -> Result<Url, Failure>) -> Result<Sink, Failure> {
        let forms = "write container://REPO:TAG, database://USER@HOST/DATABASE or archive:PATH";
        let usage = |why: String| Failure::new(Exit::Usage, why).hint(forms);
        if let Some(image) = text.strip_prefix("container://") {
            let image = Image::parse(image).map_err(|why| usage(format!("--into: {why}")))?;
            return Ok(Sink::Container(image));
        }
        if let Some(path) = text.strip_prefix("archive:").filter(|path| !path.is_empty()) {
            return Ok(Sink::Archive(PathBuf::from(path)));
        }
        match text.strip_prefix("database://") {
            Some(rest) => Ok(Sink::Database(Box::new(url(&format!("postgres://{rest}"))?))),
            None => Err(usage("--into names no place that a sample can go to".to_owned())),
        }
    }
}

/// Rows of the root table by key.
///
/// # Errors
/// `Exit::Usage` when there is none in it.
pub fn users(sample: &Sample, values: &[String]) -> Result<Seeds, Failure> {
    keys(sample.root.clone(), sample.key.clone(), values)
}

/// Rows of any table by key: `app.orders:17,18`.
///
/// # Errors
/// `Exit::Usage` when it is of another form.
pub fn rows(text: &str) -> Result<Seeds, Failure> {
    let (table, values) = table_and(text, "--rows", "17,18")?;
    let values: Vec<String> = values.split(',').map(str::to_owned).collect();
    keys(table, None, &values)
}

/// A table and what stands after the colon: `app.orders:17`.
///
/// # Errors
/// `Exit::Usage` when it is of another form.
pub fn table_and<'a>(text: &'a str, flag: &str, example: &str) -> Result<(TablePath, &'a str), Failure> {
    let read = text.rsplit_once(':').and_then(|(table, rest)| Some((TablePath::read(table)?, rest)));
    read.filter(|(_, rest)| !rest.trim().is_empty()).ok_or_else(|| {
        Failure::new(Exit::Usage, format!("{flag} {text} is not of the form SCHEMA.TABLE:KEY"))
            .hint(format!("write it like `{flag} app.orders:{example}`"))
    })
}

fn keys(table: TablePath, column: Option<String>, values: &[String]) -> Result<Seeds, Failure> {
    // Once each, in the order in which they were given.
    let mut seen = BTreeSet::new();
    let values = values.iter().map(|value| value.trim()).filter(|value| !value.is_empty());
    let values: Vec<String> = values.filter(|value| seen.insert(value.to_owned())).map(str::to_owned).collect();
    if values.is_empty() {
        return Err(Failure::new(Exit::Usage, format!("no key of {table} is given")).hint("write `--users 1,2,3`"));
    }
    Ok(Seeds { table, pick: Pick::Keys { column, values } })
}

/// Rows of the root table by condition.
pub fn fulfilling(sample: &Sample, condition: &str, limit: Option<u64>) -> Seeds {
    Seeds { table: sample.root.clone(), pick: Pick::Where { condition: condition.to_owned(), limit } }
}

/// Keys as a file lists them: one a line; empty lines and those that begin with `#` are none.
pub fn lines(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn into(text: &str) -> Result<Sink, Failure> {
        Sink::read(text, |url| Ok(Url::read(url, &|_| None)?))
    }

    #[test]
    fn places_are_read() {
        assert!(matches!(into("container://team/app:1").unwrap(), Sink::Container(image) if image.tag == "1"));
        assert!(matches!(into("archive:out/x.tar.zst").unwrap(), Sink::Archive(path) if path.ends_with("x.tar.zst")));
        let Sink::Database(url) = into("database://me@localhost/app").unwrap() else { panic!() };
        assert_eq!(url.place(), "127.0.0.1:5432/app");
        for text in ["", "app", "archive:", "container://A B", "postgres://me@h/app", "database://h"] {
            let failure = into(text).unwrap_err();
            assert!(failure.hint.is_some() || text == "database://h", "{text}: {failure}");
        }
    }

    #[test]
    fn rows_are_named_by_table_and_key() {
        let seeds = rows("\"my schema\".\"a:b\":1, 2,2,").unwrap();
        assert_eq!(seeds.table.table, "a:b");
        assert_eq!(seeds.pick, Pick::Keys { column: None, values: vec!["1".into(), "2".into()] });
        for text in ["orders:1", "app.orders", "app.orders:", "app.orders: ,"] {
            assert_eq!(rows(text).unwrap_err().exit, Exit::Usage, "{text}");
        }
        assert_eq!(lines("1\n\n# two\n 김 \r\n"), ["1", "김"]);
    }
}

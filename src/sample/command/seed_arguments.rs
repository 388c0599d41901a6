//! Seed rows from the arguments of `devdb sample`.

use std::collections::BTreeSet;

use crate::config::{Sample, TablePath};
use crate::error::{Exit, Failure};
use crate::sample::{SeedFilter, Seeds};

/// Returns the rows of the root table with these keys.
///
/// # Errors
/// `Exit::Usage` if all keys are empty.
pub fn root_rows(sample: &Sample, keys: &[String]) -> Result<Seeds, Failure> {
    rows_by_key(sample.root.clone(), sample.key.clone(), keys)
}

/// Parses rows of any table: `app.orders:17,18`.
///
/// # Errors
/// `Exit::Usage` if the form is different or all keys are empty.
pub fn table_rows(text: &str) -> Result<Seeds, Failure> {
    let (table, keys) = table_and_key(text, "--rows", "17,18")?;
    let keys: Vec<String> = keys.split(',').map(str::to_owned).collect();
    rows_by_key(table, None, &keys)
}

/// Splits `app.orders:17` into table and key. `flag` and `example`, a key, are for the error.
///
/// # Errors
/// `Exit::Usage` if the form is different.
pub fn table_and_key<'a>(text: &'a str, flag: &str, example: &str) -> Result<(TablePath, &'a str), Failure> {
    let parsed = text.rsplit_once(':').and_then(|(table, key)| Some((TablePath::parse(table)?, key)));
    parsed.filter(|(_, key)| !key.trim().is_empty()).ok_or_else(|| {
        Failure::new(Exit::Usage, format!("{flag} {text} is not of the form SCHEMA.TABLE:KEY"))
            .hint(format!("for example `{flag} app.orders:{example}`"))
    })
}

/// Returns the rows of the root table that fulfill an SQL condition, at most `limit`.
pub fn rows_where(sample: &Sample, condition: &str, limit: Option<u64>) -> Seeds {
    Seeds { table: sample.root.clone(), filter: SeedFilter::Where { condition: condition.to_owned(), limit } }
}

/// Returns the keys in a file: one per line, without empty lines and lines that begin with `#`.
pub fn keys_in_file(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(str::to_owned).collect()
}

fn rows_by_key(table: TablePath, column: Option<String>, keys: &[String]) -> Result<Seeds, Failure> {
    // Without duplicates, in the order of the arguments.
    let mut seen = BTreeSet::new();
    let keys = keys.iter().map(|key| key.trim()).filter(|key| !key.is_empty());
    let values: Vec<String> = keys.filter(|key| seen.insert(key.to_owned())).map(str::to_owned).collect();
    if values.is_empty() {
        return Err(Failure::new(Exit::Usage, format!("no key of {table} given")).hint("for example `--users 1,2,3`"));
    }
    Ok(Seeds { table, filter: SeedFilter::Keys { column, values } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_given_by_table_and_key() {
        let seeds = table_rows("\"my schema\".\"a:b\":1, 2,2,").unwrap();
        assert_eq!(seeds.table.table, "a:b");
        assert_eq!(seeds.filter, SeedFilter::Keys { column: None, values: vec!["1".into(), "2".into()] });
        for text in ["orders:1", "app.orders", "app.orders:", "app.orders: ,"] {
            assert_eq!(table_rows(text).unwrap_err().exit, Exit::Usage, "{text}");
        }
        assert_eq!(keys_in_file("1\n\n# two\n 김 \r\n"), ["1", "김"]);
    }
}

//! PostgreSQL installations on this machine: those in the folders of `PG_BIN` if it is set, otherwise those of `PATH`,
//! Debian and Homebrew.

use std::path::{Path, PathBuf};

use tokio::process::Command;

use crate::pg::error::{Error, Result};

/// The variable with the folders of programs to use. If it is set, nothing else is searched.
const VARIABLE: &str = "PG_BIN";

/// Programs that belong together, first the one whose version counts.
pub(in crate::pg) type Suite = [&'static str; 2];
/// The programs of a server.
pub(in crate::pg) const SERVER: Suite = ["postgres", "pg_ctl"];
/// The programs of a client that dumps.
pub(in crate::pg) const CLIENT: Suite = ["pg_dump", "pg_restore"];

/// A folder with the programs of a suite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::pg) struct Installation {
    /// The folder.
    pub bin: PathBuf,
    /// Major version, such as 15.
    pub major: u32,
}

/// Returns all installations of a suite, best first, each once.
///
/// # Errors
/// [`Error::Setting`] if `PG_BIN` is set and one of its folders cannot be used, or none has the suite.
pub(in crate::pg) async fn find(suite: Suite) -> Result<Vec<Installation>> {
    let mut found: Vec<Installation> = Vec::new();
    let Some((value, folders)) = setting() else {
        for bin in search_path().iter().filter_map(|folder| real_folder(folder, suite)) {
            if found.iter().all(|known| known.bin != bin)
                && let Ok(major) = major_of(&bin.join(suite[0])).await
            {
                found.push(Installation { bin, major });
            }
        }
        return Ok(found);
    };
    for folder in &folders {
        check(folder, &value).await?;
        if let Some(bin) = real_folder(folder, suite)
            && let Ok(major) = major_of(&bin.join(suite[0])).await
        {
            found.push(Installation { bin, major });
        }
    }
    if found.is_empty() {
        return Err(unusable(&value, format!("it has no {} with {}", suite[0], suite[1])));
    }
    Ok(found)
}

/// Checks that every folder of `PG_BIN`, if it is set, contains programs of PostgreSQL that run.
///
/// # Errors
/// [`Error::Setting`]
pub async fn check_setting() -> Result<()> {
    let Some((value, folders)) = setting() else { return Ok(()) };
    for folder in &folders {
        check(folder, &value).await?;
    }
    Ok(())
}

/// Returns the major versions of installations as text.
pub(in crate::pg) fn versions(found: &[Installation]) -> String {
    let mut all: Vec<u32> = found.iter().map(|one| one.major).collect();
    all.sort_unstable();
    all.dedup();
    let all: Vec<String> = all.iter().map(u32::to_string).collect();
    if all.is_empty() { "none".to_owned() } else { all.join(", ") }
}

/// Returns how to make another installation found.
pub(in crate::pg) fn remedy() -> String {
    match setting() {
        Some((value, _)) => format!("add its bin directory to {VARIABLE}, which is {value:?}"),
        None => format!("set {VARIABLE} to its bin directory"),
    }
}

/// Returns the value of `PG_BIN` and its folders, unless it is unset or empty.
fn setting() -> Option<(String, Vec<PathBuf>)> {
    let value = std::env::var_os(VARIABLE).filter(|value| !value.is_empty())?;
    let folders = std::env::split_paths(&value).filter(|folder| !folder.as_os_str().is_empty()).collect();
    Some((value.to_string_lossy().into_owned(), folders))
}

fn unusable(value: &str, why: String) -> Error {
    Error::Setting { name: VARIABLE, value: value.to_owned(), why }
}

/// Checks a folder of `PG_BIN`.
async fn check(folder: &Path, value: &str) -> Result<()> {
    let place = folder.display();
    if !folder.is_dir() {
        return Err(unusable(value, format!("{place} is not a directory")));
    }
    let mut usable = false;
    for suite in [SERVER, CLIENT] {
        if let Some(bin) = real_folder(folder, suite) {
            let program = bin.join(suite[0]);
            major_of(&program).await.map_err(|why| unusable(value, format!("{} {why}", program.display())))?;
            usable = true;
        }
    }
    let suites = [SERVER, CLIENT].map(|suite| suite.join(" and "));
    if usable { Ok(()) } else { Err(unusable(value, format!("{place} contains neither {}", suites.join(" nor ")))) }
}

/// Returns folders that may contain programs of PostgreSQL, best first. They need not exist.
fn search_path() -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = std::env::var_os("PATH").iter().flat_map(std::env::split_paths).collect();
    for parent in ["/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt"] {
        let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir(parent)
            .into_iter()
            .flatten()
            .flatten()
            .filter_map(|entry| {
                let name = entry.file_name().to_string_lossy().into_owned();
                let digits = name.strip_prefix("postgresql@").unwrap_or(&name);
                Some((digits.parse().ok()?, entry.path().join("bin")))
            })
            .collect();
        versions.sort_by_key(|(major, _)| std::cmp::Reverse(*major));
        all.extend(versions.into_iter().map(|(_, bin)| bin));
    }
    all
}

/// Returns the folder that a folder's programs link to: `PATH` may contain a link to one of them only. `None` without
/// them, and for Debian's `/usr/bin/pg_dump`, a link to a wrapper that chooses a version by its own rules.
fn real_folder(folder: &Path, suite: Suite) -> Option<PathBuf> {
    let program = folder.join(suite[0]).canonicalize().ok()?;
    let complete = program.file_name()? == suite[0] && program.with_file_name(suite[1]).is_file();
    complete.then(|| program.parent().map(Path::to_owned))?
}

/// Returns the major version of a program, or why it is unknown.
async fn major_of(program: &Path) -> std::result::Result<u32, String> {
    let output = Command::new(program).arg("--version").output().await;
    let output = output.map_err(|error| format!("does not start: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    major_in(&text).ok_or_else(|| format!("--version does not print a version ({})", output.status))
}

/// Returns the major version in the output of `--version`: `postgres (PostgreSQL) 15.18 (Debian 15.18-1.pgdg120+1)`,
/// `pg_dump (PostgreSQL) 19beta2`, `postgres (EnterpriseDB) 17.5.0`.
fn major_in(text: &str) -> Option<u32> {
    let number = text.split_whitespace().find(|word| word.starts_with(|first: char| first.is_ascii_digit()))?;
    let end = number.find(|character: char| !character.is_ascii_digit()).unwrap_or(number.len());
    number[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_all_distributions_are_parsed() {
        for (text, major) in [
            ("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", 15),
            ("postgres (PostgreSQL) 19beta2", 19),
            ("pg_dump (PostgreSQL) 19rc1", 19),
            ("postgres (PostgreSQL) 19devel", 19),
            ("postgres (PostgreSQL) 18.0 (Ubuntu 18.0-1.pgdg24.04+3)", 18),
            ("pg_dump (PostgreSQL) 20beta1 (Debian 20~beta1-1.pgdg130+1)", 20),
            ("postgres (PostgreSQL) 17.5 - Percona Server for PostgreSQL 17.5.1", 17),
            ("postgres (EnterpriseDB) 16.1.0", 16),
        ] {
            assert_eq!(major_in(text), Some(major), "{text}");
        }
        assert_eq!(major_in("postgres: command not found"), None);
    }
}

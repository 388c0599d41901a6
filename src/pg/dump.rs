//! `pg_dump` and `pg_restore`: finding those that are new enough, and running them.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use super::error::{Error, Result};
use super::server::{folders, major_of};

/// `pg_dump` and `pg_restore` of one installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dumper {
    /// The directory with both.
    pub bin: PathBuf,
    /// Major version, such as 15.
    pub major: u32,
}

impl Dumper {
    /// Finds the oldest one that can read a server of a major version: `pg_dump` refuses a newer server than
    /// itself, and what a newer one writes an older server may not know. Looks where servers are looked for:
    /// in `$PG_BIN`, `PATH`, and where Debian and Homebrew put them.
    ///
    /// # Errors
    /// When none is new enough, with the remedy.
    pub async fn find(server: u32) -> Result<Dumper> {
        let mut found = Vec::new();
        for bin in folders().iter().filter_map(|folder| real(folder)) {
            if found.iter().all(|known: &Dumper| known.bin != bin)
                && let Some(major) = major_of(&bin.join("pg_dump")).await
            {
                found.push(Dumper { bin, major });
            }
        }
        let mut versions: Vec<u32> = found.iter().map(|dumper| dumper.major).collect();
        let best = found.into_iter().filter(|dumper| dumper.major >= server).min_by_key(|dumper| dumper.major);
        best.ok_or_else(|| {
            versions.sort_unstable();
            versions.dedup();
            let have: Vec<String> = versions.iter().map(u32::to_string).collect();
            let have = if have.is_empty() { "none".to_owned() } else { have.join(", ") };
            Error::Programs(format!(
                "the source is PostgreSQL {server}, and no pg_dump of version {server} or newer was found (installed: \
                 {have}); install the package postgresql-client-{server}, or name its bin directory in PG_BIN"
            ))
        })
    }

    /// Runs one of the two to its end; answers its standard output. What the caller's shell says of
    /// PostgreSQL (`PGHOST`, `PGOPTIONS`, …) does not reach it; `environment` does.
    ///
    /// # Errors
    /// The program's last line, when it fails. It names objects, never rows: it is asked for schemas only.
    pub async fn run(
        &self,
        program: &str,
        environment: &[(&str, OsString)],
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Result<String> {
        let mut command = Command::new(self.bin.join(program));
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
            command.env_remove(name);
        }
        command.env("LC_ALL", "C.UTF-8").envs(environment.iter().map(|(name, value)| (name, value)));
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let failed = |error: std::io::Error| Error::Programs(format!("{program} did not start: {error}"));
        let child = command.spawn().map_err(failed)?;
        let ended = Ended(child.id());
        let output = child.wait_with_output().await.map_err(failed)?;
        ended.by_itself();
        if !output.status.success() {
            let words = String::from_utf8_lossy(&output.stderr);
            return Err(Error::Programs(format!("{program} failed: {}", complaint(&words))));
        }
        String::from_utf8(output.stdout)
            .map_err(|_| Error::Programs(format!("{program} wrote what is not UTF-8 though asked for it")))
    }
}

/// A program that is told to end when this is dropped. Killed outright, it could not tell the server to stop
/// what it is running for it.
struct Ended(Option<u32>);

impl Ended {
    fn by_itself(mut self) {
        self.0 = None;
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        let pid = self.0.and_then(|pid| i32::try_from(pid).ok()).and_then(rustix::process::Pid::from_raw);
        if let Some(pid) = pid {
            // It may have ended just now.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
    }
}

/// Where the `pg_dump` in a folder really is. Debian's `/usr/bin/pg_dump` is a link to a program that picks
/// one by its own rules: not that.
fn real(folder: &Path) -> Option<PathBuf> {
    let program = folder.join("pg_dump").canonicalize().ok()?;
    let both = program.file_name()? == "pg_dump" && program.with_file_name("pg_restore").is_file();
    both.then(|| program.parent().map(Path::to_owned))?
}

/// The line that says what went wrong; details and hints follow it.
fn complaint(words: &str) -> &str {
    let error = words.lines().find(|line| line.contains("error:"));
    error.or_else(|| words.lines().rev().find(|line| !line.trim().is_empty())).unwrap_or("it said nothing").trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_that_is_too_old_is_refused_with_the_remedy() {
        let error = Dumper::find(99).await.unwrap_err().to_string();
        assert!(error.contains("no pg_dump of version 99") && error.contains("postgresql-client-99"), "{error}");
        let newest = Dumper::find(1).await.unwrap();
        assert!(newest.bin.join("pg_restore").is_file());
    }
}

//! Finds and runs `pg_dump` and `pg_restore`.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::Stdio;

use tokio::process::Command;

use super::error::{Error, Result};
use super::server::installations::{self, CLIENT};

/// `pg_dump` and `pg_restore` of one installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dumper {
    /// The directory with both.
    pub bin: PathBuf,
    /// Major version, such as 15.
    pub major: u32,
}

impl Dumper {
    /// Finds the oldest `pg_dump` that can read a server of a major version: it refuses servers newer than itself, and
    /// an older server may not understand the output of a newer `pg_dump`.
    ///
    /// # Errors
    /// None is new enough, with the remedy, or `PG_BIN` cannot be used.
    pub async fn find(server: u32) -> Result<Dumper> {
        let found = installations::find(CLIENT).await?;
        let best = found.iter().filter(|one| one.major >= server).min_by_key(|one| one.major);
        best.map(|one| Dumper { bin: one.bin.clone(), major: one.major }).ok_or_else(|| {
            let (installed, remedy) = (installations::versions(&found), installations::remedy());
            Error::Programs(format!(
                "no pg_dump of version {server} or newer found for a source of PostgreSQL {server} (installed: \
                 {installed}); install postgresql-client-{server}, or {remedy}"
            ))
        })
    }

    /// Runs one of the two programs and returns its standard output. It inherits the environment except variables of
    /// PostgreSQL (`PGHOST`, `PGOPTIONS`, …), which only come from `environment`.
    ///
    /// # Errors
    /// The line of the program's output that describes the failure. It names objects, never rows: only schemas are
    /// dumped.
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
        let running = TerminateOnDrop(child.id());
        let output = child.wait_with_output().await.map_err(failed)?;
        running.disarm();
        if !output.status.success() {
            let words = String::from_utf8_lossy(&output.stderr);
            return Err(Error::Programs(format!("{program} failed: {}", error_line(&words))));
        }
        String::from_utf8(output.stdout)
            .map_err(|_| Error::Programs(format!("{program} wrote output that is not UTF-8")))
    }
}

/// Sends SIGTERM to a program when dropped. After SIGKILL it could not cancel its query on the server.
struct TerminateOnDrop(Option<u32>);

impl TerminateOnDrop {
    fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for TerminateOnDrop {
    fn drop(&mut self) {
        let pid = self.0.and_then(|pid| i32::try_from(pid).ok()).and_then(rustix::process::Pid::from_raw);
        if let Some(pid) = pid {
            // The program may have ended already.
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
    }
}

/// The line with the error; details and hints follow it.
fn error_line(words: &str) -> &str {
    let error = words.lines().find(|line| line.contains("error:"));
    error.or_else(|| words.lines().rev().find(|line| !line.trim().is_empty())).unwrap_or("no output").trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_old_version_is_refused_with_the_remedy() {
        let error = Dumper::find(99).await.unwrap_err().to_string();
        assert!(error.contains("no pg_dump of version 99") && error.contains("postgresql-client-99"), "{error}");
        let newest = Dumper::find(1).await.unwrap();
        assert!(newest.bin.join("pg_restore").is_file());
    }
}

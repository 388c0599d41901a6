//! The server programs of an installation.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Stdio;

use tokio::process::Command;

use super::account::Account;
use super::installations::{self, SERVER};
use crate::pg::error::{Error, Result};

/// The server programs of one PostgreSQL installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Programs {
    /// The directory with `postgres`, `pg_ctl`, `initdb`.
    pub bin: PathBuf,
    /// Major version, such as 15.
    pub major: u32,
}

impl Programs {
    /// Finds the first installation, or the first of a major version.
    ///
    /// # Errors
    /// [`Error::Programs`] with the installed versions; [`Error::Setting`] if `PG_BIN` cannot be used.
    pub async fn find(major: Option<u32>) -> Result<Programs> {
        let found = installations::find(SERVER).await?;
        let wanted = found.iter().find(|one| major.is_none_or(|major| major == one.major));
        if let Some(one) = wanted {
            return Ok(Programs { bin: one.bin.clone(), major: one.major });
        }
        let wanted = major.map_or_else(|| "PostgreSQL server".to_owned(), |major| format!("PostgreSQL {major} server"));
        let (installed, remedy) = (installations::versions(&found), installations::remedy());
        Err(Error::Programs(format!("no {wanted} found (installed: {installed}); install it, or {remedy}")))
    }

    pub(super) fn command(&self, program: &str, account: Account) -> Command {
        let mut command = Command::new(self.bin.join(program));
        // The caller's environment has no influence.
        command.env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C.UTF-8").env("TZ", "UTC");
        command.current_dir("/").stdin(Stdio::null());
        account.apply(&mut command);
        command
    }

    /// Runs a program and returns its standard output.
    ///
    /// # Errors
    /// [`Error::Programs`] with the last line of its standard error.
    pub async fn run<S: AsRef<OsStr>>(
        &self,
        program: &str,
        account: Account,
        arguments: impl IntoIterator<Item = S>,
    ) -> Result<String> {
        let output = self.command(program, account).args(arguments).kill_on_drop(true).output().await;
        let output = output.map_err(|error| Error::Programs(format!("{program} did not start: {error}")))?;
        if !output.status.success() {
            let words = String::from_utf8_lossy(&output.stderr);
            return Err(Error::Programs(format!("{program} failed: {}", last_line(&words))));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Checks settings as arguments of the server's start, without a data directory. Returns the server's reason for each
    /// that it refuses: an unknown name, or a value out of range. What depends on other settings, on files or on libraries
    /// shows only when the server starts.
    ///
    /// # Errors
    /// [`Error::Programs`] if the program cannot be run.
    pub async fn refused_settings<'a>(
        &self,
        account: Account,
        settings: impl Iterator<Item = (&'a String, &'a String)>,
    ) -> Result<Vec<String>> {
        let mut refused = Vec::new();
        for (name, value) in settings {
            let mut command = self.command("postgres", account);
            // -C prints a setting and ends before the data directory is opened.
            command.args(["-C", "server_version", "-c", "config_file=/dev/null", "-D"]).arg(&self.bin);
            command.args(["-c", &format!("{name}={value}")]).kill_on_drop(true);
            let output = command.output().await;
            let output = output.map_err(|error| Error::Programs(format!("postgres did not start: {error}")))?;
            if !output.status.success() {
                let words = String::from_utf8_lossy(&output.stderr);
                let reason = words.lines().find_map(|line| line.split_once("FATAL:"));
                refused.push(reason.map_or_else(|| last_line(&words), |(_, reason)| reason.trim()).to_owned());
            }
        }
        Ok(refused)
    }
}

/// The last line with text.
pub(super) fn last_line(text: &str) -> &str {
    text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("no output").trim()
}

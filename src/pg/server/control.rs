//! Starts and stops the server of a data directory, and runs statements in single-user mode, in which nobody can connect.

use std::fs::File;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt;

use super::account::Account;
use super::pid_file;
use super::programs::{Programs, last_line};
use crate::pg::error::{Error, Result};

/// Number of lines of the log in an error.
const LOG_LINES: usize = 3;

/// A data directory and the server for it.
#[derive(Clone, Debug)]
pub struct Server {
    /// Its programs.
    pub programs: Programs,
    /// The account it runs as.
    pub account: Account,
    /// The data directory.
    pub data: PathBuf,
    /// Settings for the command line, which take precedence over files in the data directory.
    pub settings: Vec<(String, String)>,
    /// The log file.
    pub log: PathBuf,
}

impl Server {
    fn arguments(&self) -> Vec<String> {
        let mut arguments = vec!["-D".to_owned(), self.data.display().to_string()];
        for (name, value) in &self.settings {
            arguments.push("-c".to_owned());
            arguments.push(format!("{name}={value}"));
        }
        arguments
    }

    /// Starts the server and waits until it accepts connections. It keeps running after this program ends.
    ///
    /// # Errors
    /// [`Error::Programs`] with the last lines that the server has logged since.
    pub async fn start(&self, deadline: Duration) -> Result<()> {
        self.remove_stale_pid_file();
        let failed = |why: String| Error::Programs(format!("postgres did not start on {}: {why}", self.data.display()));
        let log = File::options()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&self.log)
            .map_err(|error| failed(error.to_string()))?;
        let logged = log.metadata().map_or(0, |meta| meta.len());
        let stderr = log.try_clone().map_err(|error| failed(error.to_string()))?;
        self.account.own(&self.log).map_err(|error| failed(error.to_string()))?;
        let mut command = self.programs.command("postgres", self.account);
        // In its own process group: Ctrl-C is for this program, not for the server.
        command.args(self.arguments()).stdout(log).stderr(stderr).process_group(0);
        let mut child = command.spawn().map_err(|error| failed(error.to_string()))?;
        let pid = child.id();
        self.wait(deadline, pid, logged, || child.try_wait().ok().flatten().map(|status| status.to_string())).await
    }

    /// Waits until the server that runs on this data directory accepts connections.
    ///
    /// # Errors
    /// [`Error::Programs`] with the last lines that the server has logged since.
    pub async fn until_ready(&self, deadline: Duration) -> Result<()> {
        let pid = pid_file::process_id(&self.data).and_then(|pid| u32::try_from(pid.as_raw_nonzero().get()).ok());
        let logged = std::fs::metadata(&self.log).map_or(0, |meta| meta.len());
        self.wait(deadline, pid, logged, || (!self.is_running()).then(|| "it ended".to_owned())).await
    }

    /// Waits until the server with process id `pid` is ready. `logged` is the size of the log before, in bytes; `ended`
    /// returns why the server no longer runs.
    async fn wait(
        &self,
        deadline: Duration,
        pid: Option<u32>,
        logged: u64,
        mut ended: impl FnMut() -> Option<String>,
    ) -> Result<()> {
        let failed = |why: String| {
            let (data, lines) = (self.data.display(), self.lines_since(logged));
            Err(Error::Programs(format!("postgres did not start on {data}: {why}; {lines}")))
        };
        let began = Instant::now();
        while !self.is_ready(pid) {
            if let Some(why) = ended() {
                return failed(why);
            }
            if began.elapsed() > deadline {
                return failed(format!("not ready after {} s", deadline.as_secs()));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Whether `postmaster.pid` belongs to process `pid` and has the status ready.
    fn is_ready(&self, pid: Option<u32>) -> bool {
        let lines = pid_file::lines(&self.data);
        let same = lines.first().and_then(|line| line.trim().parse::<u32>().ok()) == pid;
        same && lines.get(7).is_some_and(|line| line.trim() == "ready")
    }

    /// Removes a `postmaster.pid` whose process id belongs to another program since a crash or reboot. The server
    /// itself only ignores the file if no process of its own account has that id.
    fn remove_stale_pid_file(&self) {
        if cfg!(target_os = "linux") && !self.is_running() {
            // If it cannot be removed, the server refuses to start with the reason.
            let _ = std::fs::remove_file(self.data.join("postmaster.pid"));
        }
    }

    /// Whether a server runs on this data directory.
    pub fn is_running(&self) -> bool {
        pid_file::is_running(&self.data)
    }

    /// Stops the server if it runs. Mode `fast` shuts down cleanly; `immediate` is for directories to be deleted.
    ///
    /// # Errors
    /// [`Error::Programs`]
    pub async fn stop(&self, mode: &str) -> Result<()> {
        if !self.is_running() {
            return Ok(());
        }
        let data = self.data.display().to_string();
        self.programs.run("pg_ctl", self.account, ["-D", &data, "-m", mode, "-w", "-t", "60", "stop"]).await.map(drop)
    }

    /// Runs statements as the bootstrap superuser in `template1` while nobody can connect. Returns what they print: a line
    /// ` 1: column = "value"` for each value, without any escapes.
    ///
    /// # Errors
    /// [`Error::Programs`] with the first error.
    pub async fn single_user(&self, statements: &[String]) -> Result<String> {
        self.single_user_in("template1", statements).await
    }

    /// [`Server::single_user`] in another database.
    ///
    /// # Errors
    /// [`Error::Programs`] with the first error.
    pub async fn single_user_in(&self, database: &str, statements: &[String]) -> Result<String> {
        let failed =
            |why: String| Error::Programs(format!("single-user mode failed on {}: {why}", self.data.display()));
        self.remove_stale_pid_file();
        let mut command = self.programs.command("postgres", self.account);
        // -j: a statement ends with a semicolon and an empty line, so that a name may contain a line break.
        command.args(["--single", "-j"]).args(self.arguments()).args(["-c", "exit_on_error=on", database]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().map_err(|error| failed(error.to_string()))?;
        if let Some(mut input) = child.stdin.take() {
            let text: String = statements.iter().map(|line| format!("{line};\n\n")).collect();
            // If the server ends early, the reason is on stderr; the broken pipe is no reason.
            let _ = input.write_all(text.as_bytes()).await;
        }
        let output = child.wait_with_output().await.map_err(|error| failed(error.to_string()))?;
        let words = String::from_utf8_lossy(&output.stderr);
        let error = words.lines().find(|line| line.contains("ERROR:") || line.contains("FATAL:"));
        match error {
            Some(line) => Err(failed(line.to_owned())),
            None if !output.status.success() => Err(failed(last_line(&words).to_owned())),
            None => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        }
    }

    /// Returns what was logged after the first `logged` bytes: the last fatal error with its details, or else the last
    /// lines. A log that is shorter was replaced meanwhile.
    fn lines_since(&self, logged: u64) -> String {
        let bytes = std::fs::read(&self.log).unwrap_or_default();
        let new = usize::try_from(logged).ok().and_then(|logged| bytes.get(logged..)).unwrap_or(&bytes);
        let text = String::from_utf8_lossy(new);
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let is_fatal = |line: &&str| line.contains("FATAL:") || line.contains("PANIC:");
        let from = lines.iter().rposition(is_fatal).unwrap_or(lines.len().saturating_sub(LOG_LINES));
        let last: Vec<&str> = lines.into_iter().skip(from).take(LOG_LINES).collect();
        if last.is_empty() { format!("{} says nothing about it", self.log.display()) } else { last.join(" ") }
    }
}

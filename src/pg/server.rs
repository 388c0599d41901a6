//! PostgreSQL servers on this machine: finds the installed programs, starts and stops servers, and runs statements in
//! single-user mode, in which nobody can connect.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::error::{Error, Result};

/// The server programs of one PostgreSQL installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Programs {
    /// The directory with `postgres`, `pg_ctl`, `initdb`.
    pub bin: PathBuf,
    /// Major version, such as 15.
    pub major: u32,
}

impl Programs {
    /// Finds the first installation, or the first of a major version. Searches `$PG_BIN` (one or more directories),
    /// then `PATH`, then the folders of Debian and Homebrew, newest version first.
    ///
    /// # Errors
    /// [`Error::Programs`] with the installed versions.
    pub async fn find(major: Option<u32>) -> Result<Programs> {
        let mut seen = Vec::new();
        for bin in candidates() {
            let Some(found) = version_of(&bin).await else { continue };
            if major.is_none_or(|wanted| wanted == found) {
                return Ok(Programs { bin, major: found });
            }
            seen.push(found.to_string());
        }
        seen.sort();
        seen.dedup();
        let wanted = major.map_or_else(|| "PostgreSQL server".to_owned(), |major| format!("PostgreSQL {major} server"));
        let installed = if seen.is_empty() { "none".to_owned() } else { seen.join(", ") };
        Err(Error::Programs(format!(
            "no {wanted} found (installed: {installed}); install it, or set PG_BIN to its bin directory"
        )))
    }

    fn command(&self, program: &str, account: Account) -> Command {
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
}

/// Directories that may contain programs of PostgreSQL, best first. They need not exist.
pub(super) fn folders() -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = Vec::new();
    for variable in ["PG_BIN", "PATH"] {
        if let Some(value) = std::env::var_os(variable) {
            all.extend(std::env::split_paths(&value));
        }
    }
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

/// Directories that contain server programs, best first.
fn candidates() -> Vec<PathBuf> {
    // PATH may contain a link to one program; the others are in the directory that it links to.
    let real = |bin: PathBuf| Some(bin.join("postgres").canonicalize().ok()?.parent()?.to_owned());
    let mut found: Vec<PathBuf> =
        folders().into_iter().filter_map(real).filter(|bin| bin.join("pg_ctl").is_file()).collect();
    let mut seen = std::collections::HashSet::new();
    found.retain(|bin| seen.insert(bin.clone()));
    found
}

async fn version_of(bin: &Path) -> Option<u32> {
    major_of(&bin.join("postgres")).await
}

/// The major version of a program of PostgreSQL.
pub(super) async fn major_of(program: &Path) -> Option<u32> {
    let output = Command::new(program).arg("--version").output().await.ok()?;
    // "postgres (PostgreSQL) 15.18 (Debian …)"
    let text = String::from_utf8(output.stdout).ok()?;
    text.split_whitespace().find_map(|word| word.split('.').next()?.parse().ok())
}

fn last_line(text: &str) -> &str {
    text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("no output").trim()
}

/// The operating-system account that a server runs as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    switch_to: Option<(u32, u32)>,
}

impl Account {
    /// The current account. If that is root, as which a server refuses to run, the owner of `near`, or else `postgres`.
    ///
    /// # Errors
    /// [`Error::Programs`] if there is no such account.
    pub fn for_files_in(near: &Path) -> Result<Account> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Account { switch_to: None });
        }
        let owner = std::fs::metadata(near).ok().map(|meta| (meta.uid(), meta.gid())).filter(|(uid, _)| *uid != 0);
        let switch_to = owner.or_else(postgres_account).ok_or_else(|| {
            Error::Programs(
                "a PostgreSQL server does not run as root, and there is no user postgres; create it, or run as another user"
                    .into(),
            )
        })?;
        Ok(Account { switch_to: Some(switch_to) })
    }

    fn apply(self, command: &mut Command) {
        if let Some((uid, gid)) = self.switch_to {
            command.uid(uid).gid(gid);
        }
    }

    /// Makes this account the owner of a file.
    pub fn own(self, path: &Path) -> std::io::Result<()> {
        match self.switch_to {
            Some((uid, gid)) => chown(path, Some(uid), Some(gid)),
            None => Ok(()),
        }
    }
}

fn postgres_account() -> Option<(u32, u32)> {
    let table = std::fs::read_to_string("/etc/passwd").ok()?;
    let mut fields = table.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let entry = fields.find(|fields| fields.first() == Some(&"postgres"))?;
    Some((entry.get(2)?.parse().ok()?, entry.get(3)?.parse().ok()?))
}

/// Lines of a data directory's `postmaster.pid`; empty if there is no such file.
fn pid_file(data: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// Whether a server runs on a data directory, also in single-user mode.
pub fn is_running(data: &Path) -> bool {
    let first = pid_file(data).first().and_then(|line| line.trim().parse::<i32>().ok());
    // Single-user mode writes its process id negated.
    let pid = first.and_then(i32::checked_abs).and_then(rustix::process::Pid::from_raw);
    pid.is_some_and(|pid| {
        // A refused signal (EPERM) has a receiver.
        !matches!(rustix::process::test_kill_process(pid), Err(rustix::io::Errno::SRCH)) && serves(pid, data)
    })
}

/// Whether a running process is the server of a data directory. After a crash or reboot, the process id in the file may
/// belong to another program, which must not receive a signal.
fn serves(pid: rustix::process::Pid, data: &Path) -> bool {
    let proc = |file: &str| PathBuf::from(format!("/proc/{}/{file}", pid.as_raw_nonzero()));
    if !cfg!(target_os = "linux") {
        return true;
    }
    // A server's working directory is its data directory. Other users may only read its arguments.
    if let (Ok(works_in), Ok(data)) = (std::fs::read_link(proc("cwd")), data.canonicalize()) {
        return works_in == data;
    }
    let arguments = std::fs::read(proc("cmdline")).unwrap_or_default();
    arguments.split(|byte| *byte == 0).any(|word| word == data.as_os_str().as_encoded_bytes())
}

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
    /// [`Error::Programs`] with a line of the log.
    pub async fn start(&self, deadline: Duration) -> Result<()> {
        let failed = |why: String| Error::Programs(format!("postgres did not start on {}: {why}", self.data.display()));
        let log = File::options()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&self.log)
            .map_err(|error| failed(error.to_string()))?;
        let stderr = log.try_clone().map_err(|error| failed(error.to_string()))?;
        self.account.own(&self.log).map_err(|error| failed(error.to_string()))?;
        let mut command = self.programs.command("postgres", self.account);
        // In its own process group: Ctrl-C is for this program, not for the server.
        command.args(self.arguments()).stdout(log).stderr(stderr).process_group(0);
        let mut child = command.spawn().map_err(|error| failed(error.to_string()))?;
        let began = Instant::now();
        loop {
            if let Ok(Some(status)) = child.try_wait() {
                return Err(failed(format!("{status}; {}", self.log_line())));
            }
            if self.is_ready(child.id()) {
                return Ok(());
            }
            if began.elapsed() > deadline {
                return Err(failed(format!("not ready after {} s; {}", deadline.as_secs(), self.log_line())));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Whether `postmaster.pid` belongs to process `pid` and has the status ready.
    fn is_ready(&self, pid: Option<u32>) -> bool {
        let lines = self.pid_file();
        let same = lines.first().and_then(|line| line.trim().parse::<u32>().ok()) == pid;
        same && lines.get(7).is_some_and(|line| line.trim() == "ready")
    }

    fn pid_file(&self) -> Vec<String> {
        pid_file(&self.data)
    }

    /// Whether a server runs on this data directory.
    pub fn is_running(&self) -> bool {
        is_running(&self.data)
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

    /// Runs statements as the bootstrap superuser in `template1` while nobody can connect.
    ///
    /// # Errors
    /// [`Error::Programs`] with the first error.
    pub async fn single_user(&self, statements: &[String]) -> Result<()> {
        self.single_user_in("template1", statements).await
    }

    /// [`Server::single_user`] in another database.
    ///
    /// # Errors
    /// [`Error::Programs`] with the first error.
    pub async fn single_user_in(&self, database: &str, statements: &[String]) -> Result<()> {
        let failed =
            |why: String| Error::Programs(format!("single-user mode failed on {}: {why}", self.data.display()));
        let mut command = self.programs.command("postgres", self.account);
        // -j: a statement ends with a semicolon and an empty line, so that a name may contain a line break.
        command.args(["--single", "-j"]).args(self.arguments()).args(["-c", "exit_on_error=on", database]);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
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
            None => Ok(()),
        }
    }

    /// The log's last fatal error, or else its last line.
    fn log_line(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let fatal = text.lines().rev().find(|line| line.contains("FATAL:"));
        fatal.unwrap_or_else(|| last_line(&text)).to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_id_of_another_program_is_no_server() {
        let data = tempfile::tempdir().unwrap();
        let mut other = std::process::Command::new("sleep").arg("60").current_dir("/").spawn().unwrap();
        let number = i32::try_from(other.id()).unwrap();
        for first in [number, -number, 0, i32::MIN, i32::MAX] {
            std::fs::write(data.path().join("postmaster.pid"), format!("{first}\n")).unwrap();
            assert!(!is_running(data.path()), "{first}");
        }
        other.kill().unwrap();
        other.wait().unwrap();
    }

    #[test]
    fn a_process_working_in_the_data_directory_is_its_server() {
        let data = tempfile::tempdir().unwrap();
        let mut server = std::process::Command::new("sleep").arg("60").current_dir(data.path()).spawn().unwrap();
        for first in [i64::from(server.id()), -i64::from(server.id())] {
            std::fs::write(data.path().join("postmaster.pid"), format!("{first}\n")).unwrap();
            assert!(is_running(data.path()), "{first}");
        }
        server.kill().unwrap();
        server.wait().unwrap();
        assert!(!is_running(data.path()));
    }
}

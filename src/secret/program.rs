//! Programs that print or store a secret.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use super::error::Error;

/// Maximum length of a secret in bytes. Anything longer is the output of a wrong program.
pub(super) const MAX_BYTES: u64 = 64 * 1024;

/// Checks that a program can be found, as the start of a process finds it.
pub(super) fn find_program(argv: &[String], purpose: &str) -> Result<(), Error> {
    let program = argv.first().map_or("", String::as_str);
    let is_executable =
        |path: &Path| path.metadata().is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0);
    let found = if program.contains('/') {
        is_executable(Path::new(program))
    } else {
        let folders = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&folders).any(|folder| !program.is_empty() && is_executable(&folder.join(program)))
    };
    if found { Ok(()) } else { Err(failed(argv, purpose, "is not an executable file")) }
}

pub(super) fn failed(argv: &[String], purpose: &str, why: impl Into<String>) -> Error {
    let program = argv.first().cloned().unwrap_or_default();
    Error::Program { purpose: purpose.to_owned(), program, why: why.into() }
}

/// Runs a program in a process group of its own with this standard input, and returns its output.
pub(super) async fn run(
    limit: Duration,
    argv: &[String],
    input: Option<&SecretString>,
    purpose: &str,
) -> Result<String, Error> {
    let failed = |why: String| failed(argv, purpose, why);
    let Some((program, arguments)) = argv.split_first() else { return Err(failed("is not named".into())) };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() })
        .stdout(if input.is_some() { Stdio::null() } else { Stdio::piped() })
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| failed(format!("could not be started: {error}")))?;
    let mut group = ProcessGroup::of(&child);
    let finished = tokio::time::timeout(limit, communicate(&mut child, input)).await;
    if let Ok(Ok(_)) = finished {
        group.0 = None; // Its id may already belong to another process.
    }
    let Finished { status, output, last_error_line, read_input } = finished
        .map_err(|_| failed(format!("took longer than {} s", limit.as_secs())))?
        .map_err(|error| failed(format!("broke its pipes: {error}")))?;
    if output.len() as u64 > MAX_BYTES {
        return Err(failed(format!("printed more than {MAX_BYTES} bytes")));
    }
    if !status.success() {
        let detail = if last_error_line.is_empty() { String::new() } else { format!(": {last_error_line}") };
        return Err(failed(format!("failed ({status}){detail}")));
    }
    if !read_input {
        return Err(failed("ended without reading the secret".into()));
    }
    String::from_utf8(output).map_err(|_| failed("printed something that is not UTF-8".into()))
}

/// A finished program.
struct Finished {
    status: ExitStatus,
    output: Vec<u8>,
    /// The last line of its standard error.
    last_error_line: String,
    /// Whether it read all of its standard input.
    read_input: bool,
}

async fn communicate(child: &mut Child, input: Option<&SecretString>) -> std::io::Result<Finished> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let write_input = async {
        match (stdin, input) {
            (Some(mut stdin), Some(input)) => {
                stdin.write_all(input.expose_secret().as_bytes()).await.and(stdin.shutdown().await).is_ok()
            }
            _ => true,
        }
    };
    let (read_input, output, errors, status) =
        tokio::join!(write_input, read(stdout, MAX_BYTES + 1), read(stderr, MAX_BYTES), child.wait());
    let errors = String::from_utf8_lossy(&errors?).into_owned();
    let last_line = errors.trim_end().lines().next_back().unwrap_or_default();
    let last_error_line = last_line.chars().filter(|character| !character.is_control()).take(300).collect();
    Ok(Finished { status: status?, output: output?, last_error_line, read_input })
}

/// Reads up to a limit. The pipe is closed then, which ends a program that does not stop by itself.
async fn read(from: Option<impl AsyncRead + Unpin>, limit: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(from) = from {
        from.take(limit).read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}

/// Process group of a program: a shell killed alone would leave its children behind.
struct ProcessGroup(Option<rustix::process::Pid>);

impl ProcessGroup {
    fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self(id.and_then(rustix::process::Pid::from_raw))
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // Fails if the group has already ended.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

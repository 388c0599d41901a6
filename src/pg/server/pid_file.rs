//! `postmaster.pid`: whether a server runs on a data directory.

use std::path::{Path, PathBuf};

/// Lines of a data directory's `postmaster.pid`; empty if there is no such file.
pub(super) fn lines(data: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(data.join("postmaster.pid")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// The process id in a data directory's `postmaster.pid`.
pub(super) fn process_id(data: &Path) -> Option<rustix::process::Pid> {
    let first = lines(data).first().and_then(|line| line.trim().parse::<i32>().ok());
    // Single-user mode writes its process id negated.
    first.and_then(i32::checked_abs).and_then(rustix::process::Pid::from_raw)
}

/// Whether a server runs on a data directory, also in single-user mode.
pub fn is_running(data: &Path) -> bool {
    process_id(data).is_some_and(|pid| {
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

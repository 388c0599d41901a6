//! Whether the programs of the tunnel are installed.

use std::path::Path;

use super::Check;
use crate::config::Connect;

/// `aws` speaks to Session Manager; the plugin, which it starts, carries the bytes.
const PROGRAMS: [(&str, &str); 2] = [
    ("aws", "install the AWS command line interface"),
    ("session-manager-plugin", "install the Session Manager plugin for the AWS command line interface"),
];

pub(super) fn check(connect: &Connect) -> Vec<Check> {
    let Connect::Ssm { .. } = connect else { return Vec::new() };
    let path = std::env::var_os("PATH").unwrap_or_default();
    let directories: Vec<_> = std::env::split_paths(&path).collect();
    PROGRAMS
        .into_iter()
        .map(|(program, remedy)| {
            match directories.iter().map(|directory| directory.join(program)).find(|file| runs(file)) {
                Some(file) => Check::ok(program, file.display().to_string()),
                None => Check::fail(program, "not found on PATH", remedy),
            }
        })
        .collect()
}

fn runs(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

//! Programs that the tunnel needs.

use std::path::Path;

use crate::config::Connect;
use crate::platform::check::Check;

/// `aws` calls Session Manager and starts the plugin, which transfers the data.
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
            match directories.iter().map(|directory| directory.join(program)).find(|file| is_executable(file)) {
                Some(file) => Check::ok(program, file.display().to_string()),
                None => Check::fail(program, "not found in PATH", remedy),
            }
        })
        .collect()
}

fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

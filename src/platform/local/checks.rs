//! Preflight checks on this machine.

use std::path::Path;

use crate::pg::server::Programs;
use crate::platform::check::Check;
use crate::units::size;

/// Runs all checks: server programs, snapshots, free disk space.
pub(super) async fn all(root: &Path, snapshots: &Path) -> Vec<Check> {
    let mut checks = Vec::new();
    checks.push(match Programs::find(None).await {
        Ok(programs) => {
            Check::ok("server programs", format!("PostgreSQL {} in {}", programs.major, programs.bin.display()))
        }
        Err(error) => Check::fail("server programs", error.to_string(), "install a PostgreSQL server, or set PG_BIN"),
    });
    checks.push(if snapshots.is_dir() {
        Check::ok("snapshots", snapshots.display().to_string())
    } else {
        Check::fail(
            "snapshots",
            format!("{} does not exist", snapshots.display()),
            format!("take a snapshot: pg_basebackup -c fast -D {}/$(date -u +%Y%m%d-%H%M%S)", snapshots.display()),
        )
    });
    if let Ok(disk) = rustix::fs::statvfs(root) {
        checks.push(Check::ok("free space", size(disk.f_bavail.saturating_mul(disk.f_frsize))));
    }
    checks
}

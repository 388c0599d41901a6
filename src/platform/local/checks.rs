//! Preflight checks on this machine.

use std::path::Path;

use rustix::fs::Access;

use crate::config;
use crate::pg::server::{Account, Programs};
use crate::platform::check::Check;
use crate::platform::snapshot::Snapshot;
use crate::units::size;

use super::manifest;

/// Runs all checks: server programs, snapshots, folders, free disk space.
pub(super) async fn all(root: &Path, snapshots: &Path) -> Vec<Check> {
    let mut checks = Vec::new();
    checks.push(match Programs::find(None).await {
        Ok(programs) => {
            Check::ok("server programs", format!("PostgreSQL {} in {}", programs.major, programs.bin.display()))
        }
        Err(error) => {
            let remedy = error.remedy().unwrap_or_else(|| "install a PostgreSQL server, or set PG_BIN".into());
            Check::fail("server programs", error.to_string(), remedy)
        }
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
    checks.extend(unverified(snapshots));
    checks.extend(unwritable(root));
    if let Ok(disk) = rustix::fs::statvfs(root) {
        checks.push(Check::ok("free space", size(disk.f_bavail.saturating_mul(disk.f_frsize))));
    }
    checks
}

/// Checks that the server of the snapshot's version accepts the configured settings. `None` if there are none, or no
/// server: that is another check.
pub(super) async fn parameters(
    snapshot: Option<&Snapshot>,
    settings: &config::Local,
    account: Account,
) -> Option<Check> {
    const NAME: &str = "local.parameters";
    if settings.parameters.is_empty() {
        return None;
    }
    let programs = Programs::find(Some(snapshot?.engine_version.parse().ok()?)).await.ok()?;
    let remedy = format!("correct `local.parameters` for PostgreSQL {}", programs.major);
    Some(match programs.refused_settings(account, settings.parameters.iter()).await {
        Ok(refused) if refused.is_empty() => Check::ok(NAME, format!("accepted by PostgreSQL {}", programs.major)),
        Ok(refused) => Check::fail(NAME, refused.join("; "), remedy),
        Err(error) => Check::fail(NAME, error.to_string(), remedy),
    })
}

/// Refuses folders in which a rotation could not write: `root`, where the record is, and `instances`.
fn unwritable(root: &Path) -> Option<Check> {
    let is_closed = |folder: &std::path::PathBuf| {
        folder.is_dir() && rustix::fs::access(folder, Access::WRITE_OK | Access::EXEC_OK).is_err()
    };
    let folder = [root.to_owned(), root.join("instances")].into_iter().find(is_closed)?;
    let remedy = "make it writable for the user that runs devdb";
    Some(Check::fail("folders", format!("{} is not writable", folder.display()), remedy))
}

/// Warns of backups without a manifest, by which their completeness would be verified.
fn unverified(snapshots: &Path) -> Option<Check> {
    let lacks_manifest = |path: &Path| path.join("backup_label").exists() && !path.join(manifest::FILE).exists();
    let entries = std::fs::read_dir(snapshots).ok()?.flatten().filter(|entry| lacks_manifest(&entry.path()));
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| !name.starts_with('.'));
    names.sort();
    (!names.is_empty()).then(|| {
        Check::warn(
            "snapshots",
            format!("{}: without backup_manifest, it is not verified that all files are complete", names.join(", ")),
            "take them with pg_basebackup, without --no-manifest",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_without_a_manifest_is_explained() {
        let snapshots = tempfile::tempdir().unwrap();
        let write = |id: &str, file: &str| {
            std::fs::create_dir_all(snapshots.path().join(id)).unwrap();
            std::fs::write(snapshots.path().join(id).join(file), "").unwrap();
        };
        write("verified", "backup_label");
        write("verified", "backup_manifest");
        write("shut-down", "PG_VERSION");
        assert!(unverified(snapshots.path()).is_none());
        write("bare", "backup_label");
        write(".draft", "backup_label");
        assert!(
            unverified(snapshots.path()).is_some_and(|check| check.found.starts_with("bare: without backup_manifest"))
        );
    }
}

//! Snapshots: directories `<root>/snapshots/<source>/<id>`, written by `pg_basebackup` or copied from a cluster that was
//! shut down.

use std::fs;
use std::path::Path;

use jiff::Timestamp;

use crate::pg::server::Programs;
use crate::platform::error::{Error, Result};
use crate::platform::snapshot::Snapshot;

use super::copy::Tree;

/// Returns all snapshots in a directory; none if it is missing.
pub(super) async fn list(directory: &Path, master_user: &str) -> Result<Vec<Snapshot>> {
    let mut found = Vec::new();
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(found),
        Err(error) => return Err(Error::io(directory)(error)),
    };
    for entry in entries {
        let entry = entry.map_err(Error::io(directory))?;
        let id = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_dir() && !id.starts_with('.') {
            found.push(describe(&entry.path(), id, master_user).await?);
        }
    }
    Ok(found)
}

async fn describe(path: &Path, id: String, master_user: &str) -> Result<Snapshot> {
    let mut snapshot = Snapshot {
        id,
        location: path.display().to_string(),
        kind: "basebackup".into(),
        source_resource_id: None,
        taken_at: None,
        status: "creating".into(),
        engine: "postgres".into(),
        engine_version: String::new(),
        size: None,
        master_user: Some(master_user.to_owned()),
        unusable: None,
    };
    let Some(major) = major_version(path) else { return Ok(snapshot) };
    snapshot.engine_version = major.to_string();
    let Ok(control) = fs::read(path.join("global/pg_control")) else { return Ok(snapshot) };
    let tree = match Tree::walk(path) {
        Ok(tree) => tree,
        // A snapshot that is being pruned or not readable must not hide the others.
        Err(error) => {
            snapshot.status = format!("not readable: {error}");
            return Ok(snapshot);
        }
    };
    snapshot.size = Some(tree.size());
    if let Err(error) = Programs::find(Some(major)).await {
        snapshot.unusable = Some(error.to_string());
    }
    let Some(control) = Control::parse(&control) else {
        snapshot.unusable = Some("its control file was written by PostgreSQL on another machine architecture".into());
        return Ok(snapshot);
    };
    snapshot.source_resource_id = Some(control.system_identifier.to_string());
    snapshot.taken_at = Some(control.written_at);
    // pg_basebackup writes the manifest last; a copied cluster is consistent only if it was shut down.
    if path.join("backup_manifest").is_file() || control.shut_down {
        snapshot.status = "available".into();
    }
    if path.join("postmaster.pid").exists() {
        snapshot.status = "in use by a server".into();
    }
    if let Some(link) = tree.links.first() {
        snapshot.unusable = Some(format!(
            "{} is a symbolic link: a clone would write to disks of the source; take the snapshot with \
             pg_basebackup --tablespace-mapping, or without --waldir",
            link.display()
        ));
    }
    Ok(snapshot)
}

/// Returns the major version in a data directory's `PG_VERSION`; `None` if it is not readable.
pub(super) fn major_version(path: &Path) -> Option<u32> {
    fs::read_to_string(path.join("PG_VERSION")).ok()?.trim().parse().ok()
}

/// The first fields of `global/pg_control`. Their offsets are unchanged since PostgreSQL 8.0 (`ControlFileData` in
/// src/include/catalog/pg_control.h), so that no program of the snapshot's version is needed to read them.
#[derive(Debug, PartialEq)]
struct Control {
    system_identifier: u64,
    written_at: Timestamp,
    shut_down: bool,
}

impl Control {
    fn parse(bytes: &[u8]) -> Option<Control> {
        fn field<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
            bytes.get(at..at + N)?.try_into().ok()
        }
        // pg_control_version is 1300 for 14 to 16, 1700 and 1800 later; another byte order is out of range.
        let version = u32::from_ne_bytes(field(bytes, 8)?);
        if !(900..10_000).contains(&version) {
            return None;
        }
        // DBState: 1 is DB_SHUTDOWNED, 2 is DB_SHUTDOWNED_IN_RECOVERY.
        let state = u32::from_ne_bytes(field(bytes, 16)?);
        Some(Control {
            system_identifier: u64::from_ne_bytes(field(bytes, 0)?),
            written_at: Timestamp::from_second(i64::from_ne_bytes(field(bytes, 24)?)).ok()?,
            shut_down: matches!(state, 1 | 2),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(version: u32, state: u32) -> Vec<u8> {
        let mut bytes = 7300_u64.to_ne_bytes().to_vec();
        bytes.extend(version.to_ne_bytes());
        bytes.extend(1_u32.to_ne_bytes());
        bytes.extend(state.to_ne_bytes());
        bytes.extend([0; 4]);
        bytes.extend(1_794_020_521_i64.to_ne_bytes());
        bytes
    }

    #[tokio::test]
    async fn an_unreadable_snapshot_does_not_hide_the_others() {
        use rustix::fs::{CWD, Mode, OFlags, mkdirat, openat};
        let root = tempfile::tempdir().unwrap();
        for id in ["bad", "good"] {
            fs::create_dir_all(root.path().join(id).join("global")).unwrap();
            fs::write(root.path().join(id).join("PG_VERSION"), "15\n").unwrap();
            fs::write(root.path().join(id).join("global/pg_control"), head(1300, 1)).unwrap();
        }
        // Deeper than the maximum length of a path, which applies to root too.
        let mut at = openat(CWD, root.path().join("bad"), OFlags::DIRECTORY, Mode::empty()).unwrap();
        for _ in 0..20 {
            let name = "d".repeat(250);
            mkdirat(&at, &name, Mode::RWXU).unwrap();
            at = openat(&at, &name, OFlags::DIRECTORY, Mode::empty()).unwrap();
        }
        let found = list(root.path(), "app_admin").await.unwrap();
        let status = |id: &str| found.iter().find(|snapshot| snapshot.id == id).unwrap().status.clone();
        assert!(status("bad").starts_with("not readable: "), "{}", status("bad"));
        assert_eq!(status("good"), "available");
    }

    #[test]
    fn control_data_is_parsed() {
        let control = Control::parse(&head(1300, 1)).unwrap();
        assert_eq!((control.system_identifier, control.shut_down), (7300, true));
        assert_eq!(control.written_at, Timestamp::from_second(1_794_020_521).unwrap());
        assert!(!Control::parse(&head(1300, 6)).unwrap().shut_down);
        assert_eq!(Control::parse(&head(1300_u32.swap_bytes(), 1)), None);
        assert_eq!(Control::parse(b"short"), None);
    }
}

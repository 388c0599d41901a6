//! Snapshots: directories `<root>/snapshots/<source>/<id>`, written by `pg_basebackup` or copied from a cluster that was
//! shut down.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::pg::server::Programs;
use crate::platform::error::{Error, Result};
use crate::platform::snapshot::Snapshot;
use crate::units::span;

use super::control_file::Control;
use super::manifest;
use super::tree::{Tree, changed};

/// How long a snapshot must be unchanged to count as complete if nothing else shows it.
const QUIET: Duration = Duration::from_secs(600);

/// Returns all snapshots in a directory; none if it is missing. `within` is the directory of all snapshots.
pub(super) async fn list(directory: &Path, within: &Path, master_user: &str) -> Result<Vec<Snapshot>> {
    let mut found = Vec::new();
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(found),
        Err(error) => return Err(Error::io(directory)(error)),
    };
    for entry in entries {
        let entry = entry.map_err(Error::io(directory))?;
        let id = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_dir() && !id.starts_with('.') {
            found.push(describe(&entry.path(), within, id, master_user).await);
        }
    }
    Ok(found)
}

/// Returns the files of a snapshot.
pub(super) fn files(snapshot: &Path) -> Result<Tree> {
    Tree::walk(snapshot, &all_snapshots(snapshot))
}

/// Returns the directory of all snapshots, `<root>/snapshots`.
fn all_snapshots(snapshot: &Path) -> PathBuf {
    snapshot.ancestors().nth(2).unwrap_or(snapshot).to_owned()
}

async fn describe(path: &Path, within: &Path, id: String, master_user: &str) -> Snapshot {
    let mut snapshot = Snapshot {
        id,
        location: path.display().to_string(),
        kind: "basebackup".into(),
        source_resource_id: None,
        taken_at: None,
        status: String::new(),
        engine: "postgres".into(),
        engine_version: String::new(),
        size: None,
        master_user: Some(master_user.to_owned()),
        unusable: None,
    };
    snapshot.status = match read(path, within, &mut snapshot) {
        Ok(()) => "available".to_owned(),
        // A snapshot that is being made or pruned, or is not readable, must not hide the others.
        Err(why) => why,
    };
    if let Ok(major) = snapshot.engine_version.parse()
        && let Err(error) = Programs::find(Some(major)).await
    {
        snapshot.unusable.get_or_insert_with(|| error.to_string());
    }
    snapshot
}

/// Fills in what a snapshot's files say. Returns why it is not available, to follow "ID is".
fn read(path: &Path, within: &Path, snapshot: &mut Snapshot) -> std::result::Result<(), String> {
    let file = |name: &str, missing: &str| {
        fs::read(path.join(name)).map_err(|error| match error.kind() {
            ErrorKind::NotFound => format!("still being copied, or no plain copy of a cluster: {missing}"),
            _ => format!("not readable: {name}: {error}"),
        })
    };
    let version = file("PG_VERSION", "it has no PG_VERSION")?;
    let version = String::from_utf8_lossy(&version).trim().to_owned();
    if version.parse::<u32>().is_err() {
        return Err(format!("of unknown version: PG_VERSION contains {version:?}"));
    }
    snapshot.engine_version = version;
    let control = file("global/pg_control", "it has no global/pg_control, which pg_basebackup writes last")?;
    let tree = Tree::walk(path, within).map_err(|error| format!("not readable: {error}"))?;
    snapshot.size = Some(tree.disk_size());
    let Some(control) = Control::parse(&control) else {
        snapshot.unusable = Some("its control file is from another machine architecture".into());
        return Ok(());
    };
    snapshot.source_resource_id = Some(control.system_identifier.to_string());
    snapshot.taken_at = Some(control.written_at);
    if path.join("postmaster.pid").exists() {
        return Err("in use by a server".to_owned());
    }
    let is_cold = !path.join("backup_label").exists();
    if !is_cold {
        check_backup(path, &tree, SystemTime::now())?;
    } else if !control.shut_down {
        return Err(
            "inconsistent: it has no backup_label, and its cluster was not shut down, so that its files are of \
                    different moments; take it with pg_basebackup, or copy a cluster that is shut down"
                .to_owned(),
        );
    }
    if !tree.has_wal() {
        return Err("without write-ahead log: take it with pg_basebackup -X stream".to_owned());
    }
    if let Some(oid) = missing_tablespace(path, &tree) {
        return Err(format!("incomplete: it lacks the tablespace {oid} of tablespace_map"));
    }
    snapshot.unusable = tree.foreign_links.first().map(|link| {
        format!(
            "{} is a symbolic link to a place outside of {}: it may belong to a running cluster; take the snapshot \
             with pg_basebackup, with --tablespace-mapping to a directory there, and without --waldir",
            link.display(),
            within.display()
        )
    });
    if is_cold && snapshot.unusable.is_none() { check_cold_copy(path, &tree, SystemTime::now()) } else { Ok(()) }
}

/// Checks that a backup of a running cluster is complete: by its manifest, or else because it was not changed for a while.
fn check_backup(path: &Path, tree: &Tree, now: SystemTime) -> std::result::Result<(), String> {
    if path.join(manifest::FILE).exists() {
        return manifest::difference(path, tree)
            .map_or(Ok(()), |why| Err(format!("still being copied, or damaged: {why}")));
    }
    let age = age(tree, now);
    if age >= QUIET {
        return Ok(());
    }
    Err(format!(
        "without backup_manifest and was changed {} ago: pg_basebackup writes that file last; without it, whether the \
         copy is complete cannot be verified, and devdb restores it once it is unchanged for {}",
        span(age),
        span(QUIET)
    ))
}

/// Checks that a copy of a cluster that was shut down is complete. Nothing in it says so, but every file that arrives
/// changes a directory: a copy that ends with the attributes of its top directory, as that of `cp -a`, and a renaming
/// change this one last.
fn check_cold_copy(path: &Path, tree: &Tree, now: SystemTime) -> std::result::Result<(), String> {
    let top = fs::metadata(path).ok().and_then(|meta| changed(&meta));
    let age = age(tree, now);
    if top >= tree.changed || age >= QUIET {
        return Ok(());
    }
    Err(format!(
        "still being copied, or was changed {} ago: a copy of a stopped cluster is complete if its directory was changed \
         last, as renaming does; devdb restores another one once it is unchanged for {}",
        span(age),
        span(QUIET)
    ))
}

/// Returns for how long nothing in a snapshot was changed.
fn age(tree: &Tree, now: SystemTime) -> Duration {
    tree.changed.and_then(|changed| now.duration_since(changed).ok()).unwrap_or_default()
}

/// Returns the first tablespace of `tablespace_map` that the snapshot lacks.
fn missing_tablespace(path: &Path, tree: &Tree) -> Option<String> {
    let map = fs::read_to_string(path.join("tablespace_map")).ok()?;
    let mut oids = map.lines().filter_map(|line| line.split_once(' ').map(|(oid, _)| oid));
    oids.find(|oid| !tree.has_tablespace(oid)).map(str::to_owned)
}

/// Returns the major version in a data directory's `PG_VERSION`; `None` if it is not readable.
pub(super) fn major_version(path: &Path) -> Option<u32> {
    fs::read_to_string(path.join("PG_VERSION")).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::super::control_file::tests::head;
    use super::*;

    /// A snapshot with these files; the control file has this state. Its directory is changed last.
    fn snapshot(root: &Path, id: &str, state: u32, files: &[(&str, &str)]) {
        let path = root.join(id);
        for directory in ["global", "pg_wal", "pg_tblspc"] {
            fs::create_dir_all(path.join(directory)).unwrap();
        }
        fs::write(path.join("PG_VERSION"), "15\n").unwrap();
        fs::write(path.join("global/pg_control"), head(1300, state)).unwrap();
        fs::write(path.join("pg_wal/000000010000000000000001"), "wal").unwrap();
        for (name, text) in files {
            fs::write(path.join(name), text).unwrap();
        }
        touch(&path);
    }

    fn touch(path: &Path) {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    async fn status(root: &Path, id: &str) -> String {
        let found = list(root, root, "app_admin").await.unwrap();
        found.iter().find(|snapshot| snapshot.id == id).unwrap().status.clone()
    }

    #[tokio::test]
    async fn an_unreadable_snapshot_does_not_hide_the_others() {
        use rustix::fs::{CWD, Mode, OFlags, mkdirat, openat};
        let root = tempfile::tempdir().unwrap();
        snapshot(root.path(), "bad", 1, &[]);
        snapshot(root.path(), "good", 1, &[]);
        // Deeper than the maximum length of a path, which applies to root too.
        let mut at = openat(CWD, root.path().join("bad"), OFlags::DIRECTORY, Mode::empty()).unwrap();
        for _ in 0..20 {
            let name = "d".repeat(250);
            mkdirat(&at, &name, Mode::RWXU).unwrap();
            at = openat(&at, &name, OFlags::DIRECTORY, Mode::empty()).unwrap();
        }
        let bad = status(root.path(), "bad").await;
        assert!(bad.starts_with("not readable: "), "{bad}");
        assert_eq!(status(root.path(), "good").await, "available");
    }

    #[tokio::test]
    async fn only_complete_and_consistent_snapshots_are_available() {
        let root = tempfile::tempdir().unwrap();
        let entry = |size: u64| {
            format!(
                r#"{{"Files": [{{"Path": "backup_label", "Size": {size}}}, {{"Path": "standby.signal", "Size": 9}}]}}"#
            )
        };
        let (whole, other) = (entry(5), entry(6));
        let label = ("backup_label", "label");
        for (id, state, files, expected) in [
            ("shut-down", 1, vec![], "available"),
            ("running", 6, vec![], "inconsistent: it has no backup_label"),
            ("running-manifest", 6, vec![("backup_manifest", whole.as_str())], "inconsistent: it has no backup_label"),
            ("backup", 6, vec![label, ("backup_manifest", whole.as_str())], "available"),
            (
                "smaller",
                6,
                vec![label, ("backup_manifest", other.as_str())],
                "still being copied, or damaged: backup_label has 5",
            ),
            (
                "cut-off",
                6,
                vec![label, ("backup_manifest", &whole[..9])],
                "still being copied, or damaged: backup_manifest is",
            ),
            ("no-manifest", 6, vec![label], "without backup_manifest and was changed "),
            ("in-use", 1, vec![("postmaster.pid", "1")], "in use by a server"),
            ("odd", 1, vec![("PG_VERSION", "9.6")], "of unknown version"),
            ("map", 1, vec![("tablespace_map", "16400 /srv/x\n")], "incomplete: it lacks the tablespace 16400"),
        ] {
            snapshot(root.path(), id, state, &files);
            let found = status(root.path(), id).await;
            assert!(found.starts_with(expected), "{id}: {found}");
        }
        snapshot(root.path(), "no-wal", 1, &[]);
        fs::remove_file(root.path().join("no-wal/pg_wal/000000010000000000000001")).unwrap();
        touch(&root.path().join("no-wal"));
        assert!(status(root.path(), "no-wal").await.starts_with("without write-ahead log"));
        fs::create_dir(root.path().join("empty")).unwrap();
        assert!(status(root.path(), "empty").await.contains("it has no PG_VERSION"));
    }

    #[test]
    fn a_backup_without_a_manifest_is_complete_once_it_is_quiet() {
        let root = tempfile::tempdir().unwrap();
        snapshot(root.path(), "one", 6, &[("backup_label", "label")]);
        let path = root.path().join("one");
        let tree = Tree::walk(&path, root.path()).unwrap();
        assert!(check_backup(&path, &tree, SystemTime::now()).is_err());
        assert_eq!(check_backup(&path, &tree, SystemTime::now() + QUIET), Ok(()));
    }

    #[test]
    fn a_cold_copy_is_complete_once_its_directory_was_changed_last_or_it_is_quiet() {
        let root = tempfile::tempdir().unwrap();
        snapshot(root.path(), "one", 1, &[]);
        let path = root.path().join("one");
        std::thread::sleep(Duration::from_millis(30));
        fs::write(path.join("global/1262"), "arrives late").unwrap();
        let tree = Tree::walk(&path, root.path()).unwrap();
        assert!(check_cold_copy(&path, &tree, SystemTime::now()).unwrap_err().starts_with("still being copied"));
        assert_eq!(check_cold_copy(&path, &tree, SystemTime::now() + QUIET), Ok(()));
        let renamed = root.path().join("two");
        fs::rename(&path, &renamed).unwrap();
        let tree = Tree::walk(&renamed, root.path()).unwrap();
        assert_eq!(check_cold_copy(&renamed, &tree, SystemTime::now()), Ok(()));
    }

    #[test]
    fn links_are_followed_only_into_the_snapshots() {
        let root = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        snapshot(root.path(), "one", 1, &[]);
        fs::create_dir(root.path().join(".tablespace")).unwrap();
        fs::write(root.path().join(".tablespace/file"), "rows").unwrap();
        let link = |to: &Path, name: &str| std::os::unix::fs::symlink(to, root.path().join("one").join(name)).unwrap();
        link(&root.path().join(".tablespace"), "pg_tblspc/16400");
        link(outside.path(), "pg_tblspc/16401");
        let tree = Tree::walk(&root.path().join("one"), root.path()).unwrap();
        assert!(tree.files().any(|(path, _)| path == Path::new("pg_tblspc/16400/file")));
        assert_eq!(tree.foreign_links, [Path::new("pg_tblspc/16401")]);
    }
}

//! The files of a cluster.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::platform::error::{Error, Result};

/// The directory of a cluster's tablespaces: symbolic links named by OID.
const TABLESPACES: &str = "pg_tblspc";
/// Smallest unit of space that common file systems assign to a file.
const BLOCK: u64 = 4096;

/// Directories and files of a cluster, as paths relative to its root.
#[derive(Debug, Default)]
pub(super) struct Tree {
    directories: Vec<PathBuf>,
    files: Vec<(PathBuf, u64)>,
    /// Tablespaces: symbolic links in `pg_tblspc` to directories, which are walked too.
    tablespaces: Vec<PathBuf>,
    /// Symbolic links that a copy cannot follow: what they point to is not part of the snapshot.
    pub foreign_links: Vec<PathBuf>,
    /// The latest change of a file or directory.
    pub changed: Option<SystemTime>,
}

impl Tree {
    /// Lists everything below `root`. Follows the links of tablespaces and of `pg_wal` to directories below `within`.
    pub fn walk(root: &Path, within: &Path) -> Result<Tree> {
        let mut tree = Tree::default();
        let mut pending = vec![PathBuf::new()];
        while let Some(directory) = pending.pop() {
            let full = root.join(&directory);
            for entry in fs::read_dir(&full).map_err(Error::io(&full))? {
                let entry = entry.map_err(Error::io(&full))?;
                let path = directory.join(entry.file_name());
                let meta = entry.metadata().map_err(Error::io(entry.path()))?;
                tree.changed = tree.changed.max(changed(&meta));
                if meta.is_symlink() {
                    let is_tablespace = directory == Path::new(TABLESPACES);
                    if (is_tablespace || path == Path::new("pg_wal")) && leads_into(&entry.path(), within) {
                        if is_tablespace {
                            tree.tablespaces.push(path.clone());
                        }
                        pending.push(path.clone());
                        tree.directories.push(path);
                    } else {
                        tree.foreign_links.push(path);
                    }
                } else if meta.is_dir() {
                    pending.push(path.clone());
                    tree.directories.push(path);
                } else if meta.is_file() {
                    tree.files.push((path, meta.len()));
                }
            }
        }
        Ok(tree)
    }

    /// Returns the directories, parents before their children.
    pub fn directories(&self) -> impl Iterator<Item = &Path> {
        self.directories.iter().map(PathBuf::as_path)
    }

    /// Returns the files with their sizes in bytes.
    pub fn files(&self) -> impl Iterator<Item = (&Path, u64)> + Send {
        self.files.iter().map(|(path, size)| (path.as_path(), *size))
    }

    /// Whether a directory is a tablespace, which has a place of its own in the copy.
    pub fn is_tablespace(&self, directory: &Path) -> bool {
        self.tablespaces.iter().any(|tablespace| tablespace == directory)
    }

    /// Whether the cluster has a tablespace with this OID.
    pub fn has_tablespace(&self, oid: &str) -> bool {
        self.directories.iter().any(|path| path.as_path() == Path::new(TABLESPACES).join(oid))
    }

    /// Whether `pg_wal` contains a segment of the write-ahead log.
    pub fn has_wal(&self) -> bool {
        self.files.iter().any(|(path, _)| {
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            path.parent() == Some(Path::new("pg_wal"))
                && name.len() == 24
                && name.bytes().all(|byte| byte.is_ascii_hexdigit())
        })
    }

    /// Returns the size of all files in bytes.
    pub fn size(&self) -> u64 {
        self.files.iter().map(|(_, size)| size).sum()
    }

    /// Returns the disk space that a copy takes, in bytes.
    pub fn disk_size(&self) -> u64 {
        let files: u64 = self.files.iter().map(|(_, size)| size.next_multiple_of(BLOCK)).sum();
        files + BLOCK * self.directories.len() as u64
    }
}

/// Returns the time of the last change of content or of metadata, such as by a copy that preserves times.
pub(super) fn changed(meta: &fs::Metadata) -> Option<SystemTime> {
    use std::os::unix::fs::MetadataExt as _;
    let (seconds, nanoseconds) = (u64::try_from(meta.ctime()).ok()?, u32::try_from(meta.ctime_nsec()).ok()?);
    Some(SystemTime::UNIX_EPOCH + std::time::Duration::new(seconds, nanoseconds))
}

/// Whether a link leads to a directory below `within`.
fn leads_into(link: &Path, within: &Path) -> bool {
    let target = link.canonicalize().ok().filter(|target| target.is_dir());
    let within = within.canonicalize().ok();
    target.zip(within).is_some_and(|(target, within)| target.starts_with(within))
}

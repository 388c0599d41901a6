//! Copies of a cluster's files. They are made in this process, so that a killed run leaves no other process that writes
//! to a directory that is being removed. `std::fs::copy` uses `copy_file_range` and `clonefile`, so that file systems
//! share blocks where they can.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::pg::server::Account;
use crate::platform::error::{Error, Result};

/// Files of a running server, which are not part of the data.
const NOT_COPIED: [&str; 3] = ["postmaster.pid", "postmaster.opts", "backup_manifest"];

/// Directories and files of a cluster, as paths relative to its root.
#[derive(Debug, Default)]
pub(super) struct Tree {
    directories: Vec<PathBuf>,
    files: Vec<(PathBuf, u64)>,
    /// Symbolic links: tablespaces, or a WAL directory, on disks of the source.
    pub links: Vec<PathBuf>,
}

impl Tree {
    /// Lists everything below `root`.
    pub fn walk(root: &Path) -> Result<Tree> {
        let mut tree = Tree::default();
        let mut pending = vec![PathBuf::new()];
        while let Some(directory) = pending.pop() {
            let full = root.join(&directory);
            for entry in fs::read_dir(&full).map_err(Error::io(&full))? {
                let entry = entry.map_err(Error::io(&full))?;
                let path = directory.join(entry.file_name());
                let meta = entry.metadata().map_err(Error::io(entry.path()))?;
                if meta.is_symlink() {
                    tree.links.push(path);
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

    /// Returns the size of all files in bytes.
    pub fn size(&self) -> u64 {
        self.files.iter().map(|(_, size)| size).sum()
    }

    /// Copies everything to `target`, owned by `account`. `copied` counts bytes; `cancel` ends the copy early.
    pub fn copy(
        &self,
        root: &Path,
        target: &Path,
        account: Account,
        copied: &AtomicU64,
        cancel: &AtomicBool,
    ) -> Result<()> {
        create_directory(target, account)?;
        for directory in &self.directories {
            create_directory(&target.join(directory), account)?;
        }
        let queue = Mutex::new(self.files.iter());
        let worker = || -> Result<()> {
            loop {
                let next = queue.lock().unwrap_or_else(std::sync::PoisonError::into_inner).next();
                let Some((path, size)) = next else { return Ok(()) };
                if cancel.load(Ordering::Relaxed) {
                    return Err(Error::Local("the copy was interrupted".into()));
                }
                if NOT_COPIED.iter().any(|name| path.as_path() == Path::new(name)) {
                    continue;
                }
                let to = target.join(path);
                fs::copy(root.join(path), &to).map_err(Error::io(&to))?;
                account.own(&to).map_err(Error::io(&to))?;
                copied.fetch_add(*size, Ordering::Relaxed);
            }
        };
        let workers = std::thread::available_parallelism().map_or(2, |count| count.get().min(4));
        std::thread::scope(|scope| {
            let running: Vec<_> = (0..workers).map(|_| scope.spawn(worker)).collect();
            running.into_iter().try_for_each(|thread| {
                thread.join().unwrap_or_else(|_| Err(Error::Local("the copy ended unexpectedly".into())))
            })
        })
    }
}

/// Copies a cluster's files as a restore does; public for `make bench`, which compares it with `cp -r`.
pub fn copy_cluster(from: &Path, to: &Path, account: Account) -> Result<()> {
    Tree::walk(from)?.copy(from, to, account, &AtomicU64::new(0), &AtomicBool::new(false))
}

fn create_directory(path: &Path, account: Account) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    // 0700: required by the server, and no other user may read a clone that is not scrubbed yet.
    fs::DirBuilder::new().mode(0o700).create(path).map_err(Error::io(path))?;
    account.own(path).map_err(Error::io(path))
}

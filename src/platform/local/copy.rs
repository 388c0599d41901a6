//! Copying a cluster's files. In this process, so that a killed run leaves no copier behind that
//! writes into a directory already being removed; `std::fs::copy` uses `copy_file_range` and
//! `clonefile`, so file systems that can share blocks do.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::pg::server::Account;
use crate::platform::{Error, Result};

/// Files that belong to a running server, not to the data.
const NOT_COPIED: [&str; 3] = ["postmaster.pid", "postmaster.opts", "backup_manifest"];

/// What a walk over a cluster's files found.
#[derive(Debug, Default)]
pub struct Tree {
    directories: Vec<PathBuf>,
    files: Vec<(PathBuf, u64)>,
    /// Symbolic links: a tablespace or a WAL directory elsewhere, on disks of the source.
    pub links: Vec<PathBuf>,
}

impl Tree {
    /// Lists everything below `root`, as paths relative to it.
    pub fn walk(root: &Path) -> Result<Tree> {
        let mut tree = Tree::default();
        let mut waiting = vec![PathBuf::new()];
        while let Some(directory) = waiting.pop() {
            let full = root.join(&directory);
            for entry in fs::read_dir(&full).map_err(Error::io(&full))? {
                let entry = entry.map_err(Error::io(&full))?;
                let path = directory.join(entry.file_name());
                let meta = entry.metadata().map_err(Error::io(entry.path()))?;
                if meta.is_symlink() {
                    tree.links.push(path);
                } else if meta.is_dir() {
                    waiting.push(path.clone());
                    tree.directories.push(path);
                } else if meta.is_file() {
                    tree.files.push((path, meta.len()));
                }
            }
        }
        Ok(tree)
    }

    /// Bytes in all files.
    pub fn size(&self) -> u64 {
        self.files.iter().map(|(_, size)| size).sum()
    }

    /// Copies everything to `target`, owned by `account`. `done` counts bytes as they are copied;
    /// `stop` ends it early.
    pub fn copy(
        &self,
        root: &Path,
        target: &Path,
        account: Account,
        done: &AtomicU64,
        stop: &AtomicBool,
    ) -> Result<()> {
        make_directory(target, account)?;
        for directory in &self.directories {
            make_directory(&target.join(directory), account)?;
        }
        let queue = Mutex::new(self.files.iter());
        let worker = || -> Result<()> {
            loop {
                let next = queue.lock().unwrap_or_else(std::sync::PoisonError::into_inner).next();
                let Some((path, size)) = next else { return Ok(()) };
                if stop.load(Ordering::Relaxed) {
                    return Err(Error::Local("the copy was interrupted".into()));
                }
                if NOT_COPIED.iter().any(|name| path.as_path() == Path::new(name)) {
                    continue;
                }
                let to = target.join(path);
                fs::copy(root.join(path), &to).map_err(Error::io(&to))?;
                account.own(&to).map_err(Error::io(&to))?;
                done.fetch_add(*size, Ordering::Relaxed);
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

fn make_directory(path: &Path, account: Account) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    // 0700: what the server demands, and nobody else may read a clone that is not scrubbed yet.
    fs::DirBuilder::new().mode(0o700).create(path).map_err(Error::io(path))?;
    account.own(path).map_err(Error::io(path))
}

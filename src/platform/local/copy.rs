//! Copies of a cluster's files. They are made in this process, so that a killed run leaves no other process that writes
//! to a directory that is being removed. `std::fs::copy` uses `copy_file_range` and `clonefile`, so that file systems
//! share blocks where they can.

use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::pg::server::Account;
use crate::platform::error::{Error, Result};

use super::manifest;
use super::tree::Tree;

/// Files that are not part of the data: those of a running server, the manifest, the map from which a server would link
/// tablespaces to the source's directories, and production's plan advice (PostgreSQL 19).
const NOT_COPIED: [&str; 5] =
    ["postmaster.pid", "postmaster.opts", manifest::FILE, "tablespace_map", "pg_stash_advice.tsv"];
/// The directory of a copy's tablespaces, beside its data directory.
const TABLESPACES: &str = "tablespaces";

/// Copies a cluster's files to `target`, owned by `account`. `copied` counts bytes; `cancel` ends the copy early.
/// Tablespaces are copied to a directory beside `target`.
pub(super) fn copy(
    tree: &Tree,
    root: &Path,
    target: &Path,
    account: Account,
    copied: &AtomicU64,
    cancel: &AtomicBool,
) -> Result<()> {
    create_directory(target, account)?;
    for directory in tree.directories() {
        let to = target.join(directory);
        if tree.is_tablespace(directory) {
            create_tablespace(&to, target, account)?;
        } else {
            create_directory(&to, account)?;
        }
    }
    let queue = Mutex::new(tree.files());
    let worker = || -> Result<()> {
        loop {
            let next = queue.lock().unwrap_or_else(std::sync::PoisonError::into_inner).next();
            let Some((path, size)) = next else { return Ok(()) };
            if cancel.load(Ordering::Relaxed) {
                return Err(Error::Local("the copy was interrupted".into()));
            }
            if NOT_COPIED.iter().any(|name| path == Path::new(name)) {
                continue;
            }
            let to = target.join(path);
            fs::copy(root.join(path), &to).map_err(Error::io(&to))?;
            account.own(&to).map_err(Error::io(&to))?;
            copied.fetch_add(size, Ordering::Relaxed);
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

/// Copies a cluster's files as a restore does; public for `make bench`, which compares it with `cp -r`.
pub fn copy_cluster(from: &Path, to: &Path, account: Account) -> Result<()> {
    copy(&Tree::walk(from, from)?, from, to, account, &AtomicU64::new(0), &AtomicBool::new(false))
}

/// Creates the directory of a tablespace, and the link to it.
fn create_tablespace(link: &Path, data: &Path, account: Account) -> Result<()> {
    let all = data.with_file_name(TABLESPACES);
    if !all.exists() {
        create_directory(&all, account)?;
    }
    let directory = all.join(link.file_name().unwrap_or_default());
    create_directory(&directory, account)?;
    std::os::unix::fs::symlink(&directory, link).map_err(Error::io(link))
}

fn create_directory(path: &Path, account: Account) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    // 0700: required by the server, and no other user may read a clone that is not scrubbed yet.
    fs::DirBuilder::new().mode(0o700).create(path).map_err(Error::io(path))?;
    account.own(path).map_err(Error::io(path))
}

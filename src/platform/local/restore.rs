//! A restore: the copy of a snapshot's files, in a thread of this process.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;

use crate::pg::server::Account;
use crate::platform::contract::RestoreOrder;
use crate::platform::error::{Error, Result};
use crate::platform::tag;

use super::instances::{Instances, Progress};
use super::meta::{DATA, Meta, State, WORK_LOCK, lock, remove, sweep};
use super::snapshots;

/// Starts a restore and returns; the status of the instance shows its progress. `cancel` ends the copy early.
pub(super) fn start(
    instances: &Instances,
    order: &RestoreOrder,
    account: Account,
    progress: &Arc<Progress>,
    cancel: &Arc<AtomicBool>,
) -> Result<()> {
    let from = PathBuf::from(&order.snapshot.location);
    let major = snapshots::major_version(&from)
        .ok_or_else(|| Error::Local(format!("the snapshot {} does not exist", from.display())))?;
    sweep(&instances.folder)?;
    let directory = instances.directory(&order.name);
    let meta = Meta {
        resource_id: random_id(),
        created_at: Timestamp::now(),
        state: State::Copying,
        major,
        port: None,
        open: false,
        deletion_protection: false,
        failure: None,
        tags: order.tags.clone(),
    };
    if !meta.create(&directory)? {
        let same_run = instances.meta(&order.name)?.tags.get(tag::RUN) == order.tags.get(tag::RUN);
        return if same_run { Ok(()) } else { Err(Error::NameTaken { name: order.name.clone() }) };
    }
    account.own(&directory).map_err(Error::io(&directory))?;
    progress.copied.store(0, Ordering::Relaxed);
    let held = lock(&directory, WORK_LOCK)?;
    let (progress, cancel) = (progress.clone(), cancel.clone());
    tokio::task::spawn_blocking(move || {
        let result = copy(&from, &directory, account, &progress, &cancel);
        if matches!(result, Err(Error::DiskFull { .. })) {
            // Part of a copy is of no use, and without space the reason could not be recorded.
            drop(remove(&directory.join(DATA)));
        }
        let written = Meta::update(&directory, |meta| match &result {
            Ok(()) => meta.state = State::Ready,
            Err(error) => (meta.state, meta.failure) = (State::Failed, Some(error.with_remedy())),
        });
        // This fails if another run removed the directory, which the caller sees at its next describe.
        drop((written, held));
    });
    Ok(())
}

fn copy(from: &Path, directory: &Path, account: Account, progress: &Progress, cancel: &AtomicBool) -> Result<()> {
    let tree = snapshots::files(from)?;
    progress.total.store(tree.size(), Ordering::Relaxed);
    super::copy::copy(&tree, from, &directory.join(DATA), account, &progress.copied, cancel)
}

fn random_id() -> String {
    use rand::RngExt as _;
    format!("{:032x}", rand::rng().random::<u128>())
}

//! The disk space of a restore: checked before anything is copied.

use std::fs::File;
use std::path::Path;

use crate::platform::check::Check;
use crate::platform::error::{Error, Result, free_space, lacks_inodes};
use crate::platform::instance::Instance;
use crate::units::size;

use super::instances::Instances;
use super::meta::DATA;
use super::snapshots;
use super::tree::Tree;

const NAME: &str = "disk space";

/// Checks whether a copy of a snapshot fits on the disk of the instances. `removed` are instances that are removed first.
pub(super) fn check(instances: &Instances, snapshot: &Path, removed: &[Instance]) -> Result<Check> {
    let folder = &instances.folder;
    if shares_blocks(snapshot, folder) {
        return Ok(Check::ok(NAME, "copies share blocks with the snapshot"));
    }
    let tree = snapshots::files(snapshot)?;
    let mut free =
        free_space(folder).ok_or_else(|| Error::Local(format!("the disk of {} is unknown", folder.display())))?;
    for instance in removed {
        let directory = instances.directory(&instance.name);
        // Its removal by another run is not an error.
        free += Tree::walk(&directory, &directory.join(DATA)).map_or(0, |tree| tree.disk_size());
    }
    let need = tree.disk_size();
    if need <= free {
        return Ok(Check::ok(NAME, format!("{} needed, {} free", size(need), size(free))));
    }
    let error = Error::DiskFull { place: folder.clone(), need: format!("{} needed, ", size(need)), free };
    let remedy = error.remedy().unwrap_or_default();
    Ok(Check::fail(NAME, error.to_string(), remedy))
}

/// Free space with which a server cannot work: it allocates its log in segments of 16 MB, unless its cluster was
/// initialized otherwise.
const LOG_SEGMENT: u64 = 16 << 20;

/// Returns the error of the disk of `folder`, if a server cannot work on it.
pub(super) fn full(folder: &Path) -> Option<Error> {
    let is_full = free_space(folder)? < LOG_SEGMENT || lacks_inodes(folder)?;
    is_full.then(|| Error::disk_full(folder))
}

/// Whether copies share blocks with the snapshot, so that they take almost no space: tried with one file.
#[cfg(target_os = "linux")]
fn shares_blocks(snapshot: &Path, folder: &Path) -> bool {
    let clone = || -> std::io::Result<()> {
        let from = File::open(snapshot.join("global/pg_control"))?;
        Ok(rustix::fs::ioctl_ficlone(tempfile::tempfile_in(folder)?, from)?)
    };
    clone().is_ok()
}

/// Whether copies share blocks with the snapshot: within a volume of APFS they do.
#[cfg(not(target_os = "linux"))]
fn shares_blocks(snapshot: &Path, folder: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let device = |path: &Path| File::open(path).and_then(|file| file.metadata()).ok().map(|meta| meta.dev());
    cfg!(target_os = "macos") && device(snapshot).is_some() && device(snapshot) == device(folder)
}

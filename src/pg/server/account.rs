//! The operating-system account of servers.

use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;

use tokio::process::Command;

use crate::pg::error::{Error, Result};

/// The operating-system account that a server runs as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    switch_to: Option<(u32, u32)>,
}

impl Account {
    /// The current account. If that is root, as which a server refuses to run, the owner of `near`, or else `postgres`.
    ///
    /// # Errors
    /// [`Error::Programs`] if there is no such account.
    pub fn for_files_in(near: &Path) -> Result<Account> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Account { switch_to: None });
        }
        let owner = std::fs::metadata(near).ok().map(|meta| (meta.uid(), meta.gid())).filter(|(uid, _)| *uid != 0);
        let switch_to = owner.or_else(postgres_account).ok_or_else(|| {
            Error::Programs(
                "a PostgreSQL server does not run as root, and there is no user postgres; create it, or run as another user"
                    .into(),
            )
        })?;
        Ok(Account { switch_to: Some(switch_to) })
    }

    pub(super) fn apply(self, command: &mut Command) {
        if let Some((uid, gid)) = self.switch_to {
            command.uid(uid).gid(gid);
        }
    }

    /// Makes this account the owner of a file.
    pub fn own(self, path: &Path) -> std::io::Result<()> {
        match self.switch_to {
            Some((uid, gid)) => chown(path, Some(uid), Some(gid)),
            None => Ok(()),
        }
    }
}

fn postgres_account() -> Option<(u32, u32)> {
    let table = std::fs::read_to_string("/etc/passwd").ok()?;
    let mut fields = table.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let entry = fields.find(|fields| fields.first() == Some(&"postgres"))?;
    Some((entry.get(2)?.parse().ok()?, entry.get(3)?.parse().ok()?))
}

//! The demo's directory.

use std::path::{Path, PathBuf};

use crate::error::{Exit, Failure};
use crate::pg::server::Account;

use super::company::{end_servers, free_port};
use super::files;

/// The demo's directory. Dropping it removes it and ends all servers in it, unless it is kept.
pub struct Home {
    /// The directory.
    pub path: PathBuf,
    /// The account that the servers run under.
    pub account: Account,
    /// Whether it is kept.
    pub keep: bool,
    /// Port of the developer's server.
    pub laptop_port: u16,
}

impl Home {
    /// Creates the directory with the files of the team's repository.
    pub fn create(dir: Option<&Path>, keep: bool) -> Result<Home, Failure> {
        let unusable = |path: &Path, error: std::io::Error| {
            Failure::new(Exit::Usage, format!("{}: {error}", path.display())).hint("pass another directory with --dir")
        };
        let path = dir
            .map_or_else(|| std::env::temp_dir().join(format!("devdb-demo-{}", std::process::id())), Path::to_path_buf);
        std::fs::create_dir(&path).map_err(|error| unusable(&path, error))?;
        let path = path.canonicalize().map_err(|error| unusable(&path, error))?;
        let account = Account::for_files_in(&path)?;
        account.own(&path).map_err(|error| unusable(&path, error))?;
        let laptop_port = free_port()?;
        files::write(&path, laptop_port).map_err(|error| unusable(&path, error))?;
        Ok(Home { path, account, keep, laptop_port })
    }

    /// Returns the command that connects to the live generation.
    pub fn psql(&self) -> String {
        let file = shell_word(&self.path.join("pg_service.conf"));
        format!("PGPASSWORD={} PGSERVICEFILE={file} psql 'service=haneul-dev user=haneul_app'", files::APP_PASSWORD)
    }

    /// Returns the command that lists the generations.
    pub fn status(&self) -> String {
        format!("devdb --config {} status", shell_word(&self.path.join("devdb.yaml")))
    }

    /// Returns the command that ends the servers and removes the directory.
    pub fn removal(&self) -> String {
        let home = shell_word(&self.path);
        let stop = format!("for d in {home}/production {home}/laptop {home}/instances/*/data; do");
        format!("{stop} kill -INT $(head -1 \"$d\"/postmaster.pid); done; rm -rf {home}")
    }
}

/// Returns a path as one word of a shell: this one is followed by `rm -rf`.
fn shell_word(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |character: char| character.is_ascii_alphanumeric() || "/._-".contains(character);
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

impl Drop for Home {
    fn drop(&mut self) {
        if self.keep {
            return;
        }
        end_servers(&self.path);
        // What cannot be removed is a few files in the temporary directory.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_a_space_stays_one_word_of_the_shell() {
        assert_eq!(shell_word(Path::new("/tmp/devdb-demo-1")), "/tmp/devdb-demo-1");
        assert_eq!(shell_word(Path::new("/tmp/my 데모")), "'/tmp/my 데모'");
        assert_eq!(shell_word(Path::new("/tmp/it's $HOME")), r"'/tmp/it'\''s $HOME'");
    }
}

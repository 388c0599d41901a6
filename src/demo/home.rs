//! The demo's directory.

use std::path::{Path, PathBuf};

use crate::error::{Exit, Failure};
use crate::pg::server::Account;
use crate::pg::shell_word;

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

    /// Returns the command that connects to a database of the live generation.
    pub fn psql(&self, database: &str) -> String {
        let file = shell_word(&self.path.join("pg_service.conf").display().to_string());
        format!(
            "PGPASSWORD={} PGSERVICEFILE={file} psql 'service=haneul-dev dbname={database} user=haneul_app'",
            files::APP_PASSWORD
        )
    }

    /// Returns the command that lists the generations.
    pub fn status(&self) -> String {
        format!("devdb --config {} status", shell_word(&self.path.join("devdb.yaml").display().to_string()))
    }

    /// Returns the command that ends the servers and removes the directory.
    pub fn removal(&self) -> String {
        let home = shell_word(&self.path.display().to_string());
        let stop = format!("for d in {home}/production {home}/laptop {home}/instances/*/data; do");
        format!("{stop} kill -INT $(head -1 \"$d\"/postmaster.pid); done; rm -rf {home}")
    }
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

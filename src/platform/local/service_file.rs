//! The record of the local platform: one section of a `pg_service.conf`, which every libpq client reads. The rest of the
//! file belongs to its owner and is preserved byte for byte.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};

use crate::platform::error::{Error, Result};
use crate::platform::record::{Record, RecordState};

/// The comment that devdb writes in its section; a section without it belongs to others.
const MARK: &str = "# devdb generation: ";

/// A `pg_service.conf`, and the section in it that devdb manages.
#[derive(Clone, Debug)]
pub(super) struct ServiceFile {
    /// Path of the file.
    pub(super) path: PathBuf,
    /// Name of the section, as in `psql service=NAME`.
    pub(super) service: String,
}

/// The content of a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Name of the generation.
    pub(super) generation: String,
    /// Port on 127.0.0.1.
    pub(super) port: u16,
    /// Database of a client that names none.
    pub(super) database: String,
}

impl ServiceFile {
    /// Returns the entry; `None` if the section is missing or was not written by devdb.
    pub(super) fn entry(&self) -> Result<Option<Entry>> {
        Ok(self.section()?.and_then(|lines| parse(&lines)))
    }

    /// Returns the state of the record.
    pub(super) fn state(&self) -> Result<RecordState> {
        Ok(match self.section()? {
            None => RecordState::Absent,
            Some(lines) => match parse(&lines) {
                Some(entry) => RecordState::Present(Record { value: entry.generation, ttl: 0 }),
                None => RecordState::Foreign(format!(
                    "[{}] in {} was not written by devdb",
                    self.service,
                    self.path.display()
                )),
            },
        })
    }

    /// Replaces the section, if the record still is `expected`. The file is replaced atomically; concurrent writers wait
    /// for each other.
    pub(super) fn swap(&self, expected: &RecordState, entry: &Entry) -> Result<()> {
        let lock_path = self.path.with_extension("lock");
        let lock = File::create(&lock_path).map_err(Error::io(&lock_path))?;
        lock.lock().map_err(Error::io(&lock_path))?;
        let now = self.state()?;
        if now != *expected {
            return Err(Error::record_changed(&self.service, expected));
        }
        let text = self.replaced(&self.read()?, entry);
        let temporary = self.path.with_extension("new");
        self.write(&temporary, &text).map_err(Error::io(&temporary))?;
        fs::rename(&temporary, &self.path).map_err(Error::io(&self.path))
    }

    /// Writes the new file with the owner and permissions of the one that it replaces: other sections may contain
    /// passwords.
    fn write(&self, temporary: &Path, text: &str) -> std::io::Result<()> {
        match fs::remove_file(temporary) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let old = fs::metadata(&self.path).ok();
        let mode = if old.is_some() { 0o600 } else { 0o644 };
        let mut file = File::options().create_new(true).write(true).mode(mode).open(temporary)?;
        file.write_all(text.as_bytes())?;
        if let Some(old) = old {
            let now = file.metadata()?;
            if (now.uid(), now.gid()) != (old.uid(), old.gid()) {
                fchown(&file, Some(old.uid()), Some(old.gid()))?;
            }
            file.set_permissions(old.permissions())?;
        }
        file.sync_all()
    }

    fn read(&self) -> Result<String> {
        match fs::read_to_string(&self.path) {
            Ok(text) => Ok(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
            Err(error) => Err(Error::io(&self.path)(error)),
        }
    }

    fn section(&self) -> Result<Option<Vec<String>>> {
        let text = self.read()?;
        let mut lines = text.lines().skip_while(|line| !self.is_header(line));
        Ok(lines.next().map(|_| lines.take_while(|line| !is_header_line(line)).map(str::to_owned).collect()))
    }

    fn is_header(&self, line: &str) -> bool {
        line.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) == Some(&self.service)
    }

    fn replaced(&self, text: &str, entry: &Entry) -> String {
        let section = format!(
            "[{}]\n{MARK}{}\nhost=127.0.0.1\nport={}\ndbname={}\n",
            self.service, entry.generation, entry.port, entry.database
        );
        let mut out = String::with_capacity(text.len() + section.len());
        let (mut inside, mut written) = (false, false);
        for line in text.split_inclusive('\n') {
            if is_header_line(line) {
                inside = self.is_header(line);
                if inside {
                    out.push_str(&section);
                    written = true;
                }
            }
            // Blank lines and other comments after the keys belong to the next section.
            let keep = !inside || line.trim().is_empty() || (line.starts_with('#') && !line.starts_with(MARK));
            if keep {
                out.push_str(line);
            }
        }
        if !written {
            if !out.is_empty() && !out.ends_with('\n') {
                out.push('\n');
            }
            out.push_str(&section);
        }
        out
    }
}

fn is_header_line(line: &str) -> bool {
    line.trim_start().starts_with('[')
}

fn parse(lines: &[String]) -> Option<Entry> {
    let value =
        |key: &str| lines.iter().find_map(|line| line.trim().strip_prefix(key).map(|rest| rest.trim().to_owned()));
    if value("host=")? != "127.0.0.1" {
        return None;
    }
    Some(Entry {
        generation: value(MARK.trim_end())?,
        port: value("port=")?.parse().ok()?,
        database: value("dbname=")?,
    })
}

/// Returns the path of the file below the root directory.
pub(super) fn in_root(root: &Path) -> PathBuf {
    root.join("pg_service.conf")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service_file(text: &str) -> (tempfile::TempDir, ServiceFile) {
        let directory = tempfile::tempdir().unwrap();
        let path = in_root(directory.path());
        if !text.is_empty() {
            fs::write(&path, text).unwrap();
        }
        (directory, ServiceFile { path, service: "app-dev".into() })
    }

    fn entry(generation: &str, port: u16) -> Entry {
        Entry { generation: generation.into(), port, database: "app".into() }
    }

    #[test]
    fn a_swap_preserves_other_sections() {
        let before = "# mine\n[other]\nhost=example.org\n\n[app-dev]\n# devdb generation: old-1\nhost=127.0.0.1\nport=1\ndbname=app\n\n[last]\nport=2\n";
        let (_directory, file) = service_file(before);
        let old = RecordState::Present(Record { value: "old-1".into(), ttl: 0 });
        file.swap(&old, &entry("new-2", 5433)).unwrap();
        let after = fs::read_to_string(&file.path).unwrap();
        assert_eq!(after, before.replace("old-1", "new-2").replace("port=1\n", "port=5433\n"));
        assert_eq!(file.entry().unwrap(), Some(entry("new-2", 5433)));
    }

    #[test]
    fn a_swap_preserves_permissions() {
        use std::os::unix::fs::PermissionsExt as _;
        let (_directory, file) = service_file("[other]\npassword=secret\n");
        fs::set_permissions(&file.path, fs::Permissions::from_mode(0o600)).unwrap();
        // The temporary file of a killed run.
        fs::write(file.path.with_extension("new"), "half").unwrap();
        file.swap(&RecordState::Absent, &entry("one", 1)).unwrap();
        assert_eq!(fs::metadata(&file.path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_swap_from_a_stale_state_changes_nothing() {
        let (_directory, file) = service_file("");
        file.swap(&RecordState::Absent, &entry("one", 1)).unwrap();
        let before = fs::read_to_string(&file.path).unwrap();
        let stale = RecordState::Present(Record { value: "zero".into(), ttl: 0 });
        assert!(matches!(file.swap(&stale, &entry("two", 2)), Err(Error::RecordChanged { .. })));
        assert!(matches!(file.swap(&RecordState::Absent, &entry("two", 2)), Err(Error::RecordChanged { .. })));
        assert_eq!(fs::read_to_string(&file.path).unwrap(), before);
    }

    #[test]
    fn a_section_without_the_comment_is_foreign() {
        for text in ["[app-dev]\nhost=prod.example.com\nport=5432\ndbname=app\n", "[app-dev]\n"] {
            let (_directory, file) = service_file(text);
            assert!(matches!(file.state().unwrap(), RecordState::Foreign(_)), "{text}");
        }
        // devdb's comment with another host: edited manually, so no longer managed by devdb.
        let (_directory, file) = service_file("[app-dev]\n# devdb generation: x\nhost=10.0.0.1\nport=1\ndbname=app\n");
        assert!(matches!(file.state().unwrap(), RecordState::Foreign(_)));
    }
}

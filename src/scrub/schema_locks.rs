//! `devdb.lock` as a file: the schemas that the team has reviewed, by database.

use std::collections::BTreeMap;
use std::path::Path;

use crate::error::{Exit, Failure, FileLocation};
use crate::mask::coverage::Catalog;
use crate::mask::lock::{self, Drift, Lock};

/// Content of `devdb.lock`.
pub struct SchemaLocks {
    /// `None` if there is no file.
    databases: Option<BTreeMap<String, Lock>>,
}

impl SchemaLocks {
    /// Reads the file. It may be missing.
    ///
    /// # Errors
    /// `Exit::Usage` with the line that cannot be parsed.
    pub fn read(path: &Path) -> Result<SchemaLocks, Failure> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(SchemaLocks { databases: None }),
            Err(error) => return Err(Failure::new(Exit::Usage, format!("{}: {error}", path.display()))),
        };
        let invalid = |error: lock::LockError| {
            let mut failure = Failure::new(Exit::Usage, format!("{}: {error}", path.display()))
                .hint("restore it from the last commit, or rewrite it with `devdb coverage --database URL --accept`");
            failure.places =
                vec![FileLocation { file: path.display().to_string(), line: error.line, title: error.message }];
            failure
        };
        lock::parse(&text).map(|databases| SchemaLocks { databases: Some(databases) }).map_err(invalid)
    }

    /// Returns whether there is no file.
    pub fn is_missing(&self) -> bool {
        self.databases.is_none()
    }

    /// Returns the failure for a schema with something that the file does not list. Without a file there is none.
    pub fn refusal(&self, database: &str, catalog: &Catalog) -> Option<Failure> {
        let databases = self.databases.as_ref()?;
        let unknown = Lock::default();
        let reviewed = reviewed(databases, database).unwrap_or(&unknown);
        let drifts = lock::drift(reviewed, &lock_of(catalog));
        let lines: Vec<String> = drifts.iter().filter(|drift| drift.needs_review()).map(Drift::to_string).collect();
        if lines.is_empty() {
            return None;
        }
        let cause = format!("the schema of {database} differs from devdb.lock\n- {}", lines.join("\n- "));
        Some(Failure::new(Exit::Leak, cause).hint(
            "check that each is masked or kept as it should be; then run `devdb coverage --database URL --accept` \
             and commit devdb.lock",
        ))
    }

    /// Writes the file with the present schema of a database, and returns what changed, one sentence each.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn accept(self, path: &Path, database: &str, catalog: &Catalog) -> Result<Vec<String>, Failure> {
        let mut databases = self.databases.unwrap_or_default();
        let present = lock_of(catalog);
        let drifts = lock::drift(databases.get(database).unwrap_or(&Lock::default()), &present);
        let mut messages: Vec<String> = drifts.iter().map(|drift| format!("accepted: {drift}")).collect();
        databases.insert(database.to_owned(), present);
        // Written beside the file and renamed: an interrupted run leaves the old file or the new one.
        let temporary = path.with_extension("lock.new");
        std::fs::write(&temporary, lock::render(&databases))
            .and_then(|()| std::fs::rename(&temporary, path))
            .map_err(|error| Failure::new(Exit::Unexpected, error).during(format!("write {}", path.display())))?;
        messages.push(format!("{} written; commit it", path.display()));
        Ok(messages)
    }
}

/// Returns the entry of a database, or the only one: a copy of a database may have another name.
fn reviewed<'a>(databases: &'a BTreeMap<String, Lock>, database: &str) -> Option<&'a Lock> {
    databases.get(database).or_else(|| databases.values().next().filter(|_| databases.len() == 1))
}

fn lock_of(catalog: &Catalog) -> Lock {
    Lock::of(&catalog.columns, &catalog.tables, &catalog.foreign_keys)
}

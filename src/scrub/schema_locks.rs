//! `devdb.lock` as a file: the schemas that the team has reviewed, by database.

use std::collections::BTreeMap;
use std::path::Path;

use crate::error::{Exit, Failure, FileLocation};
use crate::mask::coverage::Catalog;
use crate::mask::lock::{self, Drift, Lock};

/// Content of `devdb.lock`.
#[derive(Default)]
pub struct SchemaLocks {
    /// `None` if there is no file.
    databases: Option<BTreeMap<String, Lock>>,
    /// Whether a database is compared with the entry of its name only.
    by_name: bool,
}

impl SchemaLocks {
    /// Reads the file. It may be missing.
    ///
    /// # Errors
    /// `Exit::Usage` with the line that cannot be parsed.
    pub fn read(path: &Path) -> Result<SchemaLocks, Failure> {
        SchemaLocks::parse(path)?.map_err(|error| {
            let mut failure = Failure::new(Exit::Usage, format!("{}: {error}", path.display()))
                .hint("restore it from the last commit, or rewrite it with `devdb coverage --database URL --accept`");
            failure.places =
                vec![FileLocation { file: path.display().to_string(), line: error.line, title: error.message }];
            failure
        })
    }

    /// Reads the file in order to rewrite it with [`accept`](SchemaLocks::accept). One that cannot be parsed is replaced;
    /// the second value is the warning about what that loses.
    ///
    /// # Errors
    /// `Exit::Usage` if the file cannot be read.
    pub fn read_for_accept(path: &Path) -> Result<(SchemaLocks, Option<String>), Failure> {
        Ok(match SchemaLocks::parse(path)? {
            Ok(locks) => (locks, None),
            Err(error) => {
                let lost = "it is replaced, and the entries of other databases are lost: accept each of them again";
                (SchemaLocks::default(), Some(format!("{}: {error}; {lost}", path.display())))
            }
        })
    }

    /// The inner result fails if the file cannot be parsed.
    fn parse(path: &Path) -> Result<Result<SchemaLocks, lock::LockError>, Failure> {
        match std::fs::read_to_string(path) {
            Ok(text) => {
                Ok(lock::parse(&text).map(|databases| SchemaLocks { databases: Some(databases), by_name: false }))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Ok(SchemaLocks::default())),
            Err(error) => Err(Failure::new(Exit::Usage, format!("{}: {error}", path.display()))),
        }
    }

    /// Compares each database with the entry of its own name only. Without this, one of another name is compared with the
    /// only entry, since a copy of a database may have another name; several databases cannot all be copies of one.
    #[must_use]
    pub fn by_name(self) -> SchemaLocks {
        SchemaLocks { by_name: true, ..self }
    }

    /// Returns whether there is no file.
    pub fn is_missing(&self) -> bool {
        self.databases.is_none()
    }

    /// Returns the failure for a schema with something that the file does not list. Without a file there is none.
    pub fn refusal(&self, database: &str, catalog: &Catalog) -> Option<Failure> {
        let databases = self.databases.as_ref()?;
        let present = lock_of(catalog);
        let Some(reviewed) = self.reviewed(databases, database) else {
            return (present != Lock::default()).then(|| unlisted(database, databases));
        };
        let drifts = lock::drift(reviewed, &present);
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

    /// Returns the entry that a database is compared with.
    fn reviewed<'a>(&self, databases: &'a BTreeMap<String, Lock>, database: &str) -> Option<&'a Lock> {
        let only = || databases.values().next().filter(|_| databases.len() == 1 && !self.by_name);
        databases.get(database).or_else(only)
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

/// Returns the failure for a database without an entry.
fn unlisted(database: &str, databases: &BTreeMap<String, Lock>) -> Failure {
    let listed: Vec<&str> = databases.keys().map(String::as_str).collect();
    let listed = if listed.is_empty() { "no database".to_owned() } else { listed.join(", ") };
    Failure::new(Exit::Leak, format!("database {database} is not in devdb.lock, which lists {listed}")).hint(
        "check that each of its columns is masked or kept as it should be; then run \
         `devdb coverage --database URL --accept` and commit devdb.lock",
    )
}

fn lock_of(catalog: &Catalog) -> Lock {
    Lock::of(&catalog.columns, &catalog.tables, &catalog.foreign_keys)
}

//! Check that the configured databases exist. Which ones a snapshot has shows only once it is restored: nothing connects to
//! production.

use crate::config::Target;
use crate::error::{Exit, Failure};
use crate::pg;
use crate::scrub::databases::{self, Database};

use super::access::{Access, through};
use super::run::Run;

/// A database that nearly every server has.
const USUAL: &str = "postgres";
/// The template of new databases, which nobody configures.
const TEMPLATE: &str = "template1";

/// Checks that every configured database exists in `generation`.
///
/// # Errors
/// A failure with their places in the configuration, and the databases that exist.
pub async fn check(run: &Run, access: &Access, generation: &str) -> Result<(), Failure> {
    let existing = through(access, &run.first_database(), &|why| run.warn(why), async |session| {
        Ok(databases::list(session).await?)
    })
    .await?;
    absent(&run.target, generation, &existing).map_or(Ok(()), Err)
}

/// Returns the failure of a login to the first configured database, which does not exist in `generation`.
pub async fn first_is_absent(run: &Run, access: &Access, generation: &str, error: pg::Error) -> Failure {
    let existing = match access.login(USUAL).await {
        Ok(session) => databases::list(&session).await.ok(),
        Err(_) => None,
    };
    let absent = existing.and_then(|existing| absent(&run.target, generation, &existing));
    absent.unwrap_or_else(|| Failure::from(error).hint(format!("correct {}", place(&run.target, 0))))
}

fn absent(target: &Target, generation: &str, existing: &[Database]) -> Option<Failure> {
    let exists = |name: &str| existing.iter().any(|database| database.name == name);
    let absent = target.databases.iter().enumerate().filter(|(_, database)| !exists(&database.name));
    let (names, places): (Vec<&str>, Vec<String>) =
        absent.map(|(at, database)| (database.name.as_str(), place(target, at))).unzip();
    if names.is_empty() {
        return None;
    }
    let existing = existing.iter().map(|database| database.name.as_str()).filter(|name| *name != TEMPLATE);
    let existing = existing.collect::<Vec<_>>().join(", ");
    Some(
        Failure::new(Exit::Unexpected, format!("{generation} has no database {}", names.join(", ")))
            .hint(format!("correct {}: the snapshot has {existing}", places.join(", "))),
    )
}

/// Returns the place of a database in the configuration.
fn place(target: &Target, at: usize) -> String {
    format!("`targets.{}.databases[{at}]`", target.name)
}

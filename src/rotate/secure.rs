//! Step: defuse hazards and close logins, on a clone that nobody but this program reaches.

use std::collections::BTreeMap;

use crate::error::Failure;
use crate::scrub::marker::{self, Marker};
use crate::scrub::{databases, hazards, roles};

use super::access::{Access, RetryableError, through};
use super::prepare::RunInputs;
use super::run::Run;
use crate::step::Step;

/// Makes the clone harmless: after this it acts on nothing outside and lets in nobody who is not on
/// the list.
pub async fn secure(run: &Run, access: &Access, marker: &Marker, kit: &RunInputs) -> Result<(), Failure> {
    defuse(run, access, "defuse what acts on the outside").await?;
    logins(run, access, kit).await?;
    through(
        access,
        &first_database(run),
        &|why| run.warn(why),
        async |session| Ok(marker::mark(session, marker).await?),
    )
    .await
}

/// Defuses every hazard in every database that can be connected to.
pub async fn defuse(run: &Run, access: &Access, title: &str) -> Result<(), Failure> {
    let step = run.step("hazards", title);
    let told = |why| step.progress(why);
    let mut tally = hazards::Tally::default();
    let databases = connectable(run, access, &step).await?;
    for database in &databases {
        let one = through(access, database, &told, async |session| {
            Ok(hazards::defuse(session, &run.target.kept_hazards, &*run.listener).await?)
        })
        .await?;
        tally.defused += one.defused;
        tally.kept += one.kept;
        tally.left += one.left;
    }
    let kept = if tally.kept > 0 { format!(", {} kept for a reason", tally.kept) } else { String::new() };
    let left = if tally.left > 0 { format!(", {} could not be", tally.left) } else { String::new() };
    step.done(format!("{} hazards defused{kept}{left}, in {} databases", tally.defused, databases.len()));
    Ok(())
}

async fn logins(run: &Run, access: &Access, kit: &RunInputs) -> Result<(), Failure> {
    let step = run.step("logins", "close logins that are not on the list");
    let told = |why| step.progress(why);
    let allowed = run.allowed_logins();
    let passwords: BTreeMap<_, _> =
        run.target.allowed_roles.keys().map(|name| (name.clone(), kit.roles.get(name).cloned())).collect();
    let closed = through(access, &first_database(run), &told, async |session| {
        let failed = |error: roles::Error| RetryableError::from(error);
        roles::ensure_roles(session, &run.target.ensured_roles, &kit.roles).await.map_err(failed)?;
        roles::set_passwords(session, &passwords, &*run.listener).await.map_err(failed)?;
        Ok(roles::close_logins(session, &allowed, &run.internal_logins(), &*run.listener).await?)
    })
    .await?;
    let strangers = strangers(run, access, &step).await?;
    through(access, &first_database(run), &told, async |session| {
        Ok(databases::close(session, &strangers, &*run.listener).await?)
    })
    .await?;
    let names = if closed.closed.is_empty() { String::new() } else { format!(": {}", closed.closed.join(", ")) };
    step.done(format!("{} logins closed{names}", closed.closed.len() + closed.locked_out.len()));
    Ok(())
}

impl From<roles::Error> for RetryableError {
    fn from(error: roles::Error) -> Self {
        RetryableError::Failed(error.into())
    }
}

/// Databases that can be connected to, on the whole instance.
async fn connectable(run: &Run, access: &Access, step: &Step<'_>) -> Result<Vec<String>, Failure> {
    let told = |why| step.progress(why);
    let all = through(access, &first_database(run), &told, async |session| Ok(databases::list(session).await?)).await?;
    Ok(all.into_iter().filter(|database| database.connectable).map(|database| database.name).collect())
}

/// Databases with data in them that the configuration does not name: nobody scrubs them.
async fn strangers(run: &Run, access: &Access, step: &Step<'_>) -> Result<Vec<String>, Failure> {
    let told = |why| step.progress(why);
    let mut strangers = Vec::new();
    for name in connectable(run, access, step).await? {
        let configured = run.target.databases.iter().any(|database| database.name == name);
        let close = !configured
            && !through(access, &name, &told, async |session| Ok(databases::is_empty(session).await?)).await?;
        if close {
            strangers.push(name);
        }
    }
    Ok(strangers)
}

/// The database that work on the whole instance is done from.
pub fn first_database(run: &Run) -> String {
    run.target.databases.first().map_or_else(|| "postgres".to_owned(), |database| database.name.clone())
}

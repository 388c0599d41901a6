//! Steps: defuse hazards, and close logins, on a clone that only this program can reach.

use std::collections::BTreeMap;

use crate::error::Failure;
use crate::scrub::marker::{self, Marker};
use crate::scrub::{databases, hazards, roles};
use crate::step::Step;
use crate::units::counted;

use super::access::{Access, RetryableError, through};
use super::inputs::RunInputs;
use super::run::Run;

/// Makes the clone harmless: afterwards it acts on nothing outside, and only listed roles can log in.
pub async fn secure(run: &Run, access: &Access, marker: &Marker, inputs: &RunInputs) -> Result<(), Failure> {
    defuse(run, access, "defuse hazards").await?;
    close_logins(run, access, inputs).await?;
    through(access, &run.first_database(), &|why| run.warn(why), async |session| {
        Ok(marker::mark(session, marker).await?)
    })
    .await
}

/// Defuses every hazard in every database that accepts connections.
pub async fn defuse(run: &Run, access: &Access, title: &str) -> Result<(), Failure> {
    let step = run.step("hazards", title);
    let mut tally = hazards::Tally::default();
    let databases = connectable(run, access, &step).await?;
    for database in &databases {
        let one = through(access, database, &|why| step.progress(why), async |session| {
            Ok(hazards::defuse(session, &run.target.kept_hazards, &*run.listener).await?)
        })
        .await?;
        tally.defused += one.defused;
        tally.kept += one.kept;
        tally.left += one.left;
    }
    let part = |number: usize, what: &str| if number > 0 { format!(", {number} {what}") } else { String::new() };
    let (kept, left) = (part(tally.kept, "kept with a reason"), part(tally.left, "not defusable"));
    step.done(format!("{} defused{kept}{left}, in {}", tally.defused, counted(databases.len() as u64, "database")));
    Ok(())
}

async fn close_logins(run: &Run, access: &Access, inputs: &RunInputs) -> Result<(), Failure> {
    let step = run.step("logins", "close unlisted logins");
    let report = |why| step.progress(why);
    let allowed = run.allowed_logins();
    let passwords: BTreeMap<_, _> =
        run.target.allowed_roles.keys().map(|name| (name.clone(), inputs.roles.get(name).cloned())).collect();
    let closed = through(access, &run.first_database(), &report, async |session| {
        roles::ensure_roles(session, &run.target.ensured_roles, &inputs.roles).await?;
        roles::set_passwords(session, &passwords, &*run.listener).await?;
        Ok(roles::close_logins(session, &allowed, &run.internal_logins(), &*run.listener).await?)
    })
    .await?;
    let unlisted = unlisted_databases(run, access, &step).await?;
    through(access, &run.first_database(), &report, async |session| {
        Ok(databases::close(session, &unlisted, &*run.listener).await?)
    })
    .await?;
    let names = if closed.closed.is_empty() { String::new() } else { format!(": {}", closed.closed.join(", ")) };
    let number = closed.closed.len() + closed.locked_out.len();
    step.done(format!("{number} closed{names}"));
    Ok(())
}

impl From<roles::Error> for RetryableError {
    fn from(error: roles::Error) -> Self {
        RetryableError::Failed(error.into())
    }
}

/// Returns all databases of the instance that accept connections.
async fn connectable(run: &Run, access: &Access, step: &Step<'_>) -> Result<Vec<String>, Failure> {
    let report = |why| step.progress(why);
    let all =
        through(access, &run.first_database(), &report, async |session| Ok(databases::list(session).await?)).await?;
    Ok(all.into_iter().filter(|database| database.connectable).map(|database| database.name).collect())
}

/// Returns the databases with data that the configuration does not list: they are not scrubbed.
async fn unlisted_databases(run: &Run, access: &Access, step: &Step<'_>) -> Result<Vec<String>, Failure> {
    let report = |why| step.progress(why);
    let mut unlisted = Vec::new();
    for name in connectable(run, access, step).await? {
        let listed = run.target.databases.iter().any(|database| database.name == name);
        if !listed && !through(access, &name, &report, async |session| Ok(databases::is_empty(session).await?)).await? {
            unlisted.push(name);
        }
    }
    Ok(unlisted)
}

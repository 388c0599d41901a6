//! Steps: defuse hazards, and close logins, on a clone that only this program can reach.

use std::collections::BTreeMap;

use crate::error::{Exit, Failure};
use crate::scrub::marker::{self, Marker};
use crate::scrub::roles::{self, OpenLogin};
use crate::scrub::{databases, hazards};
use crate::step::Step;
use crate::units::counted;

use super::access::{Access, RetryableError, through};
use super::inputs::RunInputs;
use super::run::Run;

/// Makes the clone harmless: afterwards it acts on nothing outside, and only listed roles can log in.
pub async fn secure(run: &Run, access: &Access, marker: &Marker, inputs: &RunInputs) -> Result<(), Failure> {
    defuse(run, access, "defuse hazards").await?;
    close_logins(run, access, inputs).await?;
    mark_databases(run, access, marker).await
}

/// Writes the marker into every configured database, before any step stores something beside it.
async fn mark_databases(run: &Run, access: &Access, marker: &Marker) -> Result<(), Failure> {
    for database in &run.target.databases {
        through(access, &database.name, &|why| run.warn(why), async |session| {
            match marker::mark(session, marker).await {
                Err(error) if !error.is_disconnect() => Err(marker::failure(error, &database.name).into()),
                marked => Ok(marked?),
            }
        })
        .await?;
    }
    Ok(())
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
        roles::set_passwords(session, &passwords).await?;
        Ok(roles::close_logins(session, &allowed, &run.internal_logins(), &*run.listener).await?)
    })
    .await?;
    refuse_replication(&closed.open)?;
    let unlisted = unlisted_databases(run, access, &step).await?;
    let all = through(access, &run.first_database(), &report, async |session| {
        databases::close(session, &unlisted, &*run.listener).await?;
        Ok(databases::list(session).await?)
    })
    .await?;
    for database in all.iter().filter(|database| !database.connectable && !run.target.lists(&database.name)) {
        run.skipped.add(format!("database {} is not configured: closed to all roles", database.name));
    }
    let mut all = run.progress().closed;
    all.extend(closed.closed);
    all.sort();
    let names = if all.is_empty() { String::new() } else { format!(": {}", all.join(", ")) };
    let number = all.len() + closed.locked_out.len();
    step.done(format!("{number} closed{names}"));
    Ok(())
}

/// Refuses a login that can copy the whole server and cannot be closed: no later step could change that.
fn refuse_replication(open: &[OpenLogin]) -> Result<(), Failure> {
    let Some(login) = open.iter().find(|login| login.replicates) else { return Ok(()) };
    let cause = format!("{} can still log in and copy every database: {}", login.role, login.why);
    Err(Failure::new(Exit::Unexpected, cause)
        .during("close unlisted logins")
        .hint("close it in production, or allow it under `roles.allow`"))
}

impl From<roles::Error> for RetryableError {
    fn from(error: roles::Error) -> Self {
        Failure::from(error).into()
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
        if !run.target.lists(&name)
            && !through(access, &name, &report, async |session| Ok(databases::is_empty(session).await?)).await?
        {
            unlisted.push(name);
        }
    }
    Ok(unlisted)
}

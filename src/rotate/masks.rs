//! Steps: see that every column was thought of, and mask.

use std::collections::BTreeSet;

use crate::discover::suggestions;
use crate::error::Failure;
use crate::mask::lock::Lock;
use crate::platform::{Instance, Room};
use crate::scrub::masker::{self, Masker};
use crate::scrub::{coverage_gate, leak, rewrite, scripts};

use super::access::{Access, RetryableError, again, through};
use super::prepare::RunInputs;
use super::run::Run;

/// Refuses a clone with a column that is neither masked nor kept on purpose, or with a mask that cannot be
/// proved. Before any script runs: what production looks like is judged, as `devdb coverage` does it.
pub async fn cover(run: &Run, instance: &Instance, access: &Access, kit: &RunInputs) -> Result<(), Failure> {
    let step = run.step("coverage", "see that every column was thought of");
    let mut unused: Option<BTreeSet<String>> = None;
    let (mut columns, mut masked) = (0, 0);
    for work in &kit.work {
        let told = |why| step.progress(why);
        let (catalog, coverage, advice, begun) = through(access, &work.database, &told, async |session| {
            let (catalog, coverage, _) = masker::judged(session, &run.target.masking, &kit.mask_key).await?;
            let advice = suggestions::lines(session, &catalog, &coverage).await?;
            // What scripts made is no migration of production's.
            let begun = scripts::has_begun(session, &instance.name).await?;
            Ok((catalog, coverage, advice, begun))
        })
        .await?;
        run.listener.on_event(&coverage_gate::event(&work.database, &coverage));
        let nothing = Lock::default();
        let seen = kit.seen.as_ref().filter(|_| !begun).map(|seen| seen.get(&work.database).unwrap_or(&nothing));
        let strange = seen.and_then(|seen| coverage_gate::lock_drift(&work.database, seen, &catalog));
        if let Some(failure) = coverage_gate::refusal(&work.database, &coverage, &advice).or(strange) {
            return Err(failure);
        }
        columns += coverage.decided.len();
        masked += coverage.originals().count();
        let here = coverage.unused;
        unused = Some(unused.map_or_else(|| here.clone(), |all| all.intersection(&here).cloned().collect()));
    }
    if kit.seen.is_none() {
        step.note("there is no devdb.lock: a new column that a pattern covers is not told of");
    }
    for entry in unused.unwrap_or_default() {
        run.warn(format!("`mask` names {entry}, which is no column here: correct it, or remove it"));
    }
    step.done(format!("{columns} columns: {masked} masked, the others kept on purpose"));
    Ok(())
}

/// What masks the databases of a clone.
pub fn masker<'a>(run: &'a Run, instance: &'a Instance, access: &'a Access, kit: &'a RunInputs) -> Masker<'a> {
    Masker {
        door: access,
        masking: &run.target.masking,
        key: &kit.mask_key,
        generation: &instance.name,
        recipe: &kit.recipe,
        free_bytes: None,
        listener: &*run.listener,
    }
}

/// Bytes that the instance's disk has left, where anybody knows.
async fn free(
    instance: &Instance,
    access: &Access,
    database: &str,
    told: &dyn Fn(String),
) -> Result<Option<u64>, Failure> {
    match instance.room {
        None => Ok(None),
        Some(Room::Free(bytes)) => Ok(Some(bytes)),
        Some(Room::Whole(bytes)) => {
            let used = through(access, database, told, async |session| {
                // Of the others it may not be asked, and they are the platform's own.
                let sql = "SELECT COALESCE(pg_catalog.sum(pg_catalog.pg_database_size(oid)), 0)::int8 \
                           FROM pg_catalog.pg_database WHERE pg_catalog.has_database_privilege(oid, 'CONNECT')";
                let used: i64 = session.query_one(sql, &[]).await?.get(0);
                Ok(u64::try_from(used).unwrap_or(0))
            })
            .await?;
            Ok(Some(bytes.saturating_sub(used)))
        }
    }
}

/// Remembers the originals, before anything changes them: after this the leak check can find them.
pub async fn remember(run: &Run, instance: &Instance, access: &Access, kit: &RunInputs) -> Result<(), Failure> {
    let step = run.step("remember", "remember the originals, as keyed fingerprints");
    let masker = masker(run, instance, access, kit);
    let mut all = leak::Remembered::default();
    for work in &kit.work {
        let database = work.database.as_str();
        let told = |why| step.progress(why);
        let (coverage, masks) = through(access, database, &told, async |session| {
            Ok(masker::work(session, &run.target.masking, &kit.mask_key).await?)
        })
        .await?;
        let one = again(database, &told, async || Ok(masker.remember(database, &coverage, &masks).await?)).await?;
        all.columns += one.columns;
        all.fingerprints += one.fingerprints;
        all.left_out += one.left_out;
    }
    let left_out = if all.left_out > 0 { format!(", {} too short or too common", all.left_out) } else { String::new() };
    step.done(format!("{} values of {} columns remembered{left_out}", all.fingerprints, all.columns));
    Ok(())
}

/// Masks every table, as it is after the scripts of `00-secure`.
pub async fn mask(run: &Run, instance: &Instance, access: &Access, kit: &RunInputs) -> Result<(), Failure> {
    let step = run.step("masks", "mask every table");
    let masker = masker(run, instance, access, kit);
    let (mut tables, mut rows) = (0, 0);
    for work in &kit.work {
        let database = work.database.as_str();
        let told = |why| step.progress(why);
        let (coverage, masks) = through(access, database, &told, async |session| {
            Ok(masker::work(session, &run.target.masking, &kit.mask_key).await?)
        })
        .await?;
        if let Some(failure) = coverage_gate::refusal(database, &coverage, "") {
            return Err(failure);
        }
        let masker = Masker { free_bytes: free(instance, access, database, &told).await?, ..masker };
        let done = again(database, &told, async || Ok(masker.mask(database, &masks).await?)).await?;
        tables += done.len();
        rows += done.iter().map(|table| table.rows).sum::<u64>();
    }
    step.done(format!("{tables} tables masked, {rows} rows"));
    Ok(())
}

impl From<leak::Error> for RetryableError {
    fn from(error: leak::Error) -> Self {
        if error.is_disconnect() {
            RetryableError::Lost(error.to_string())
        } else {
            RetryableError::Failed(error.into())
        }
    }
}

impl From<rewrite::Error> for RetryableError {
    fn from(error: rewrite::Error) -> Self {
        if error.is_disconnect() {
            RetryableError::Lost(error.to_string())
        } else {
            RetryableError::Failed(error.into())
        }
    }
}

//! Steps: capture fingerprints, and mask tables.

use crate::error::Failure;
use crate::platform::{DiskSpace, Instance};
use crate::scrub::coverage_gate::refusal;
use crate::scrub::masker::{self, Masker};
use crate::scrub::{leak, rewrite};
use crate::units::counted;

use super::access::{Access, RetryableError, again, through};
use super::inputs::RunInputs;
use super::run::Run;

/// Returns the masker for the databases of a clone.
pub fn masker<'a>(run: &'a Run, instance: &'a Instance, access: &'a Access, inputs: &'a RunInputs) -> Masker<'a> {
    Masker {
        connector: access,
        masking: &run.target.masking,
        key: &inputs.mask_key,
        generation: &instance.name,
        recipe: &inputs.recipe,
        free_bytes: None,
        listener: &*run.listener,
    }
}

/// Captures fingerprints of the originals before anything changes them, so that the leak check can find them later.
pub async fn capture(run: &Run, instance: &Instance, access: &Access, inputs: &RunInputs) -> Result<(), Failure> {
    let step = run.step("remember", "capture fingerprints");
    let masker = masker(run, instance, access, inputs);
    let mut all = leak::Remembered::default();
    for work in &inputs.databases {
        let database = work.database.as_str();
        let report = |why| step.progress(why);
        let (coverage, masks) = through(access, database, &report, async |session| {
            Ok(masker::work(session, &run.target.masking, &inputs.mask_key).await?)
        })
        .await?;
        let one =
            again(access, database, &report, async || Ok(masker.remember(database, &coverage, &masks).await?)).await?;
        all.columns += one.columns;
        all.fingerprints += one.fingerprints;
        all.left_out += one.left_out;
    }
    let skipped = match all.left_out {
        0 => String::new(),
        values => format!("; {} too short or too common", counted(values, "value")),
    };
    let (fingerprints, columns) = (counted(all.fingerprints, "fingerprint"), counted(all.columns as u64, "column"));
    step.done(format!("{fingerprints} of {columns}{skipped}"));
    Ok(())
}

/// Masks every table, after the scripts of `00-secure`.
pub async fn mask(run: &Run, instance: &Instance, access: &Access, inputs: &RunInputs) -> Result<(), Failure> {
    let step = run.step("masks", "mask tables");
    let masker = masker(run, instance, access, inputs);
    check_disk_space(run, instance, access, inputs, &|why| step.progress(why)).await?;
    let (mut tables, mut rows) = (0, 0);
    for work in &inputs.databases {
        let database = work.database.as_str();
        let report = |why| step.progress(why);
        let (coverage, masks) = through(access, database, &report, async |session| {
            Ok(masker::work(session, &run.target.masking, &inputs.mask_key).await?)
        })
        .await?;
        if let Some(failure) = refusal(database, &coverage, "") {
            return Err(failure);
        }
        let masker = Masker { free_bytes: free_bytes(run, instance, access, database, &report).await?, ..masker };
        let masked = again(access, database, &report, async || Ok(masker.mask(database, &masks).await?)).await?;
        tables += masked.len();
        rows += masked.iter().map(|table| table.rows).sum::<u64>();
    }
    step.done(format!("{}, {}", counted(tables as u64, "table"), counted(rows, "row")));
    Ok(())
}

/// Refuses masking before the first table of any database is masked, if a database needs more disk space than is free.
async fn check_disk_space(
    run: &Run,
    instance: &Instance,
    access: &Access,
    inputs: &RunInputs,
    report: &dyn Fn(String),
) -> Result<(), Failure> {
    let masker = masker(run, instance, access, inputs);
    for work in &inputs.databases {
        let database = work.database.as_str();
        let Some(free) = free_bytes(run, instance, access, database, report).await? else { return Ok(()) };
        through(access, database, report, async |session| {
            let (_, masks) = masker::work(session, &run.target.masking, &inputs.mask_key).await?;
            Ok(masker.check_disk_space(session, &masks, free).await?)
        })
        .await
        .map_err(|failure| failure.during(format!("mask {database}")))?;
    }
    Ok(())
}

/// Returns the free space of the instance's disk in bytes, or `None` if it is not known.
async fn free_bytes(
    run: &Run,
    instance: &Instance,
    access: &Access,
    database: &str,
    report: &dyn Fn(String),
) -> Result<Option<u64>, Failure> {
    // The masking of one database, and other programs, change what is free.
    let now = run.platform.instance(&instance.name).await?;
    match now.and_then(|now| now.disk) {
        None => Ok(None),
        Some(DiskSpace::Free(bytes)) => Ok(Some(bytes)),
        Some(DiskSpace::Total(bytes)) => {
            let used = through(access, database, report, async |session| {
                // The size of a database without CONNECT cannot be queried; these are the platform's own.
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

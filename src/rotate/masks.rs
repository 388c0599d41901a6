//! Steps: see that every column was thought of, and mask.

use std::collections::BTreeSet;

use crate::error::Failure;
use crate::platform::Instance;
use crate::scrub::masking::{self, Masker};
use crate::scrub::{cover, rewrite};

use super::access::{Access, Broken, again, through};
use super::prepare::Kit;
use super::run::Run;

/// Refuses a clone with a column that is neither masked nor kept on purpose, or with a mask that cannot be
/// proved. Before any script runs: what production looks like is judged, as `devdb coverage` does it.
pub async fn cover(run: &Run, access: &Access, kit: &Kit) -> Result<(), Failure> {
    let step = run.step("coverage", "see that every column was thought of");
    let mut unused: Option<BTreeSet<String>> = None;
    let (mut columns, mut masked) = (0, 0);
    for work in &kit.work {
        let told = |why| step.progress(why);
        let (coverage, _) = through(access, &work.database, &told, async |session| {
            Ok(masking::work(session, &run.target.masking, &kit.mask_key).await?)
        })
        .await?;
        run.listener.hear(&cover::event(&work.database, &coverage));
        if let Some(failure) = cover::refusal(&work.database, &coverage, "") {
            return Err(failure);
        }
        columns += coverage.decided.len();
        masked += coverage.originals().count();
        let here = coverage.unused;
        unused = Some(unused.map_or_else(|| here.clone(), |all| all.intersection(&here).cloned().collect()));
    }
    for entry in unused.unwrap_or_default() {
        run.warn(format!("`mask` names {entry}, which is no column here: correct it, or remove it"));
    }
    step.done(format!("{columns} columns: {masked} masked, the others kept on purpose"));
    Ok(())
}

/// Masks every table, as it is after the scripts of `00-secure`.
pub async fn mask(run: &Run, instance: &Instance, access: &Access, kit: &Kit) -> Result<(), Failure> {
    let step = run.step("masks", "mask every table");
    let masker = Masker {
        door: access,
        masking: &run.target.masking,
        key: &kit.mask_key,
        generation: &instance.name,
        recipe: &kit.recipe,
        listener: &*run.listener,
    };
    let (mut tables, mut rows) = (0, 0);
    for work in &kit.work {
        let database = work.database.as_str();
        let told = |why| step.progress(why);
        let (coverage, masks) = through(access, database, &told, async |session| {
            Ok(masking::work(session, &run.target.masking, &kit.mask_key).await?)
        })
        .await?;
        if let Some(failure) = cover::refusal(database, &coverage, "") {
            return Err(failure);
        }
        let done = again(database, &told, async || Ok(masker.mask(database, &masks).await?)).await?;
        tables += done.len();
        rows += done.iter().map(|table| table.rows).sum::<u64>();
    }
    step.done(format!("{tables} tables masked, {rows} rows"));
    Ok(())
}

impl From<rewrite::Error> for Broken {
    fn from(error: rewrite::Error) -> Self {
        if error.is_disconnect() { Broken::Lost(error.to_string()) } else { Broken::Failed(error.into()) }
    }
}

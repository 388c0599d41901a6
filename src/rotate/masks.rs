//! Steps: see that every column was thought of, remember the originals, mask.

use std::collections::BTreeSet;

use crate::error::Failure;
use crate::scrub::cover;

use super::access::{Access, through};
use super::prepare::Kit;
use super::run::Run;

/// Refuses a clone with a column that is neither masked nor kept on purpose. Before any script runs: what
/// production looks like is judged, as `devdb coverage` does it.
pub async fn cover(run: &Run, access: &Access, kit: &Kit) -> Result<(), Failure> {
    let step = run.step("coverage", "see that every column was thought of");
    let mut unused: Option<BTreeSet<String>> = None;
    let (mut columns, mut masked) = (0, 0);
    for work in &kit.work {
        let coverage = through(access, &work.database, &|why| step.progress(why), async |session| {
            Ok(cover::decide(session, &run.target.masking).await?)
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

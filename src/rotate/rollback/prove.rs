//! Step: prove that the generation is scrubbed, from its markers.

use crate::error::Failure;
use crate::platform::Instance;
use crate::platform::guard::Scrubbed;
use crate::rotate::access::Access;
use crate::rotate::run::Run;
use crate::scrub::{databases, publish_gate};
use crate::units::counted;

/// Reads the marker of every configured database that the generation has.
pub(super) async fn prove(run: &Run, to: &Instance, access: &Access) -> Result<Scrubbed, Failure> {
    let step = run.step("marker", "verify the markers");
    let existing = databases::list(&access.login(&run.first_database()).await?).await?;
    let exists = |name: &str| existing.iter().any(|database| database.name == name && database.connectable);
    let (names, missing): (Vec<&str>, Vec<&str>) =
        run.target.databases.iter().map(|database| database.name.as_str()).partition(|name| exists(name));
    for name in missing {
        run.warn(format!("{} has no database {name}: it was made before that was configured", to.name));
    }
    let dev = run.admit(&to.name, &to.resource_id).await?;
    let scrubbed = publish_gate::recall(dev, access, &names).await?;
    step.done(format!("{} is scrubbed in {}", to.name, counted(names.len() as u64, "database")));
    Ok(scrubbed)
}

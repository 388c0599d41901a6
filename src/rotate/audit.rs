//! `devdb audit --target`: the detectors over every value of the live generation. Only reads: the master
//! password is not reset for it, so it has to be one that can be had.

use secrecy::ExposeSecret as _;

use crate::config::Password;
use crate::discover::pii_findings;
use crate::error::{Exit, Failure};
use crate::pg::Credentials;
use crate::secret;

use super::access::{Access, RetryableError, through};
use super::observe::observe;
use super::run::Run;

/// Tells of every column of the live generation with values that look personal.
pub async fn audit(run: &Run) -> Result<Exit, Failure> {
    let refused = |why: String| Failure::new(Exit::Refused, why);
    if matches!(run.target.master_password, Password::Generate { .. }) {
        return Err(refused(format!("nobody can be asked for the generated master password of {}", run.target.name))
            .hint("give `master_password` as `env:` or `command`, or name one database with a login of its own: --database"));
    }
    let world = observe(&run.platform).await?;
    let record = &run.target.record.name;
    let Some(live) = world.live() else {
        return Err(refused(format!("{record} points at no generation of this target"))
            .hint("`devdb status` shows what there is"));
    };
    let Some(route) = live.route.clone() else {
        return Err(refused(format!("{} has no endpoint: it is {}", live.name, live.status)));
    };
    let password = secret::resolve(&run.target.master_password, "master password").await?;
    run.listener.add_secret(password.expose_secret());
    let credentials = Credentials { user: live.master_user.clone(), password };
    let access = Access::new(&run.target, &run.rules.region, route, credentials)?;
    let mut bad = 0;
    for database in &run.target.databases {
        let name = database.name.as_str();
        let step = run.step("audit", format!("look at every value of {name} in {}", live.name));
        let found = through(&access, name, &|why| step.progress(why), async |session| {
            pii_findings::report(session, Some(&run.target.masking), &*run.listener)
                .await
                .map_err(|error| RetryableError::Failed(error.into()))
        })
        .await?;
        step.done(pii_findings::summary(found));
        bad += found;
    }
    if bad == 0 { Ok(Exit::Done) } else { Ok(Exit::Leak) }
}

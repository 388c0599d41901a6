//! Step: reset the master password and prove it by a login.

use secrecy::SecretString;
use tokio_postgres::error::SqlState;

use crate::error::{Exit, Failure};
use crate::pg::{self, Credentials};
use crate::platform::Instance;
use crate::platform::retry::while_busy;

use super::access::Access;
use super::run::Run;
use super::wait::{self, Pace, Watch};

/// What a platform calls a master password that is not in force yet.
const PENDING: &str = "MasterUserPassword";

/// Sets `password` and answers the way in, once the password is the one in force. Production cannot
/// accept it: it was made, or handed in, for this run.
pub async fn reset(run: &Run, instance: &Instance, password: SecretString) -> Result<(Instance, Access), Failure> {
    let name = &instance.name;
    let step = run.step("password", format!("reset the master password of {name}"));
    let limit = run.target.deadlines.password;
    while_busy(
        limit,
        |busy| step.progress(busy.to_string()),
        || async {
            let dev = run.admit(name, &instance.resource_id).await?;
            run.platform.set_password(dev, &password).await
        },
    )
    .await?;
    let database = run.target.databases.first().map_or("postgres", |database| database.name.as_str());
    let mut watch = Watch::new(&step);
    let mut pace = Pace::default();
    loop {
        // Right after the call the status is still the old `available` and the old password still works,
        // so neither is believed alone: not pending, and a login.
        let left = limit.saturating_sub(watch.elapsed());
        let now = wait::until_available(&*run.platform, &step, name, left, Some(PENDING)).await?;
        let Some(route) = now.route.clone() else {
            return Err(Failure::new(Exit::Unexpected, format!("{name} is available but has no endpoint")));
        };
        let credentials = Credentials { user: now.master_user.clone(), password: password.clone() };
        let access = Access::new(&run.target, &run.rules.region, route, credentials)?;
        match access.login(database).await {
            Ok(session) => {
                step.done(format!("logged in as {} on PostgreSQL {}", now.master_user, session.major()));
                return Ok((now, access));
            }
            Err(error @ (pg::Error::Identity { .. } | pg::Error::Certificates { .. })) => return Err(error.into()),
            Err(error) => {
                watch.see(&format!("not yet: {error}"));
                if watch.elapsed() > limit {
                    return Err(refused(error, &now.master_user));
                }
            }
        }
        pace.rest().await;
    }
}

/// A login that never succeeded, with what usually is behind it.
fn refused(error: pg::Error, user: &str) -> Failure {
    let hint = match error.sqlstate() {
        Some(code) if code.starts_with("28") => format!(
            "if {user} is a member of rds_iam, even through another role, passwords do not work for it: \
             revoke rds_iam from it in production"
        ),
        _ if error.is_state(&SqlState::INVALID_CATALOG_NAME) => {
            "the first of `databases` does not exist in the snapshot".to_owned()
        }
        _ => "check that the quarantine security groups let this program in, and `connect:`".to_owned(),
    };
    Failure::from(error).hint(hint)
}

//! Step: reset the master password, and verify it by a login.

use secrecy::SecretString;
use tokio_postgres::error::SqlState;

use crate::error::{Exit, Failure};
use crate::pg::{self, Credentials};
use crate::platform::retry::while_transient;
use crate::platform::{Instance, PENDING_PASSWORD};

use super::access::Access;
use super::configured_databases;
use super::run::Run;
use super::wait::{self, Backoff, StateReporter};

/// Sets `password`, and returns the access to the instance once it is in force. Production cannot accept this
/// password: it was generated, or passed in, for this run.
pub async fn reset(run: &Run, instance: &Instance, password: SecretString) -> Result<(Instance, Access), Failure> {
    let name = &instance.name;
    let step = run.step("password", "reset the master password");
    let limit = run.target.deadlines.password;
    let mut reporter = StateReporter::new(&step);
    let closed = while_transient(
        limit,
        |error| reporter.retrying(error),
        || async {
            let dev = run.admit_once(name, &instance.resource_id).await?;
            run.platform.set_password(dev, &password).await
        },
    )
    .await?;
    run.update_progress(|progress| {
        progress.reset = true;
        progress.closed = closed;
    });
    let database = run.first_database();
    let mut reporter = StateReporter::new(&step);
    let mut backoff = Backoff::default();
    loop {
        // Right after the request the status is still `available` and the old password still works, so neither is
        // sufficient alone: the change must not be pending, and a login must succeed.
        let left = limit.saturating_sub(reporter.elapsed());
        let now = wait::until_available(&*run.platform, &step, name, left, Some(PENDING_PASSWORD)).await?;
        let Some(route) = now.route.clone() else {
            return Err(Failure::new(Exit::Unexpected, format!("{name} is available but has no endpoint")));
        };
        let credentials = Credentials { user: now.master_user.clone(), password: password.clone() };
        let access = Access::new(&run.target, run.transport.clone(), route, credentials)?;
        match access.login(&database).await {
            Ok(session) => {
                step.done(format!("logged in as {} on PostgreSQL {}", now.master_user, session.major()));
                return Ok((now, access));
            }
            // The server looks for the database after it has accepted the password.
            Err(error) if error.is_state(&SqlState::INVALID_CATALOG_NAME) => {
                return Err(configured_databases::first_is_absent(run, &access, name, error).await);
            }
            Err(error @ (pg::Error::Identity { .. } | pg::Error::Certificates { .. })) => return Err(error.into()),
            Err(error) => {
                reporter.report(&format!("login failed: {error}"));
                if reporter.elapsed() > limit {
                    return Err(login_failure(error, &now.master_user));
                }
            }
        }
        backoff.pause().await;
    }
}

/// Returns the failure of a login that never succeeded, with the usual cause.
fn login_failure(error: pg::Error, user: &str) -> Failure {
    let hint = match error.sqlstate() {
        Some(code) if code.starts_with("28") => format!(
            "if {user} is a member of rds_iam, even through another role, passwords do not work for it: \
             revoke rds_iam from it in production"
        ),
        _ => "check that the quarantine security groups admit this program, and check `connect:`".to_owned(),
    };
    Failure::from(error).hint(hint)
}

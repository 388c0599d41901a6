//! `devdb audit`: searches every value of a database for values that look personal. Changes nothing.
//!
//! The live generation of a target is audited under the master password, which is not reset for it and therefore must
//! not be a generated one.

use std::sync::Arc;

use clap::Args;
use secrecy::ExposeSecret;

use crate::config::{Masking, Password};
use crate::discover::pii_findings::{self, ScanRights};
use crate::error::{Exit, Failure};
use crate::event::Listener;
use crate::pg::{Credentials, Url};
use crate::platform::Instance;
use crate::rotate::access::{Access, RetryableError, through};
use crate::rotate::observe::observe;
use crate::rotate::run::Run;
use crate::rotate::start::start;
use crate::secret;
use crate::step::Step;

use super::database_url::{VARIABLE as DATABASE, database_or_variable, framed, open_session, parse_url};
use super::global_options::{GlobalOptions, TARGET, masking};

/// Arguments of `devdb audit`.
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// Database to audit instead of --target, such as postgres://me@localhost/app_dev. It is only read. The password
    /// is read from PGPASSWORD.
    /// [env: DEVDB_DATABASE]
    #[arg(long, value_name = "URL")]
    database: Option<String>,
}

/// Runs the command.
pub async fn run(global: &GlobalOptions, args: &AuditArgs, listener: Arc<dyn Listener>) -> Result<Exit, Failure> {
    match subject(args.database.as_deref(), global)? {
        Subject::Database(database) => {
            // Without a configuration, every value that looks personal is reported.
            let config = global.load_if_present()?;
            let masking = config.as_ref().map(masking).transpose()?;
            let url = parse_url(&database, &*listener)?;
            let work = audit_database(masking, &url, &*listener);
            Ok(framed("audit", &url, listener.clone(), work).await)
        }
        Subject::LiveGeneration => {
            let run = start("audit", global.target()?, listener, true).await?;
            let exit = audit_live_generation(&run).await;
            Ok(run.finish(exit.map(|exit| (exit, None))))
        }
    }
}

/// What to audit.
enum Subject {
    /// The database of a URL.
    Database(String),
    /// The live generation of the selected target.
    LiveGeneration,
}

/// Chooses what to audit: an option takes precedence over the variables.
fn subject(database: Option<&str>, global: &GlobalOptions) -> Result<Subject, Failure> {
    let ambiguous =
        |names: &str, remedy: &str| Err(Failure::new(Exit::Usage, format!("{names} cannot be combined")).hint(remedy));
    match (database, &global.target) {
        (Some(database), None) => return Ok(Subject::Database(database.to_owned())),
        (None, Some(_)) => return Ok(Subject::LiveGeneration),
        (Some(_), Some(_)) => return ambiguous("--database and --target", "pass one of them"),
        (None, None) => {}
    }
    match (database_or_variable(None)?, global.target_name()?) {
        (Some(database), None) => Ok(Subject::Database(database)),
        (None, Some(_)) => Ok(Subject::LiveGeneration),
        (Some(_), Some(_)) => ambiguous(
            &format!("the variables {DATABASE} and {TARGET}"),
            "unset one of them, or pass --database or --target, which take precedence",
        ),
        (None, None) => Err(Failure::new(Exit::Usage, "nothing to audit: pass --database or --target")
            .hint("--database URL for a database, --target NAME for the live generation of a target")),
    }
}

async fn audit_database(masking: Option<&Masking>, url: &Url, listener: &dyn Listener) -> Result<Exit, Failure> {
    let step = Step::begin(listener, "audit", format!("scan every value of {}", url.place()));
    let session = open_session(url).await?;
    let findings = pii_findings::report(&session, masking, ScanRights::Own, listener).await?;
    end(step, findings)?;
    Ok(Exit::Done)
}

async fn audit_live_generation(run: &Run) -> Result<Exit, Failure> {
    if matches!(run.target.master_password, Password::Generate { .. }) {
        let cause =
            format!("the master password of {} is generated, so nothing can log in to audit it", run.target.name);
        return Err(Failure::new(Exit::Refused, cause).hint(
            "set `master_password` to `env:` or `command`, or audit one database with its own login: --database",
        ));
    }
    let world = observe(&run.platform).await?;
    let record = &run.target.record.name;
    let Some(live) = world.live() else {
        return Err(Failure::new(Exit::Refused, format!("{record} does not point at a generation of this target"))
            .hint("`devdb status` lists the generations"));
    };
    let access = log_in_to(run, live).await?;
    let mut failure = None;
    for database in &run.target.databases {
        let name = database.name.as_str();
        let step = run.step("audit", format!("scan every value of {name} in {}", live.name));
        let found = through(&access, name, &|why| step.progress(why), async |session| {
            pii_findings::report(session, Some(&run.target.masking), ScanRights::Own, &*run.listener)
                .await
                .map_err(|error| RetryableError::Failed(error.into()))
        })
        .await
        .map_err(with_remedy)?;
        // All databases are scanned before the command fails.
        failure = failure.or(end(step, found).err());
    }
    failure.map_or(Ok(Exit::Done), Err)
}

/// Prepares logins to the live generation under its present master password.
async fn log_in_to(run: &Run, live: &Instance) -> Result<Access, Failure> {
    let Some(route) = live.route.clone() else {
        return Err(Failure::new(Exit::Refused, format!("{} has no endpoint: it is {}", live.name, live.status)));
    };
    let password = secret::resolve(&run.target.master_password, "master password").await?;
    run.listener.add_secret(password.expose_secret());
    let credentials = Credentials { user: live.master_user.clone(), password };
    Ok(Access::new(&run.target, run.transport.clone(), route, credentials)?)
}

/// Ends the step of a database: successfully, or with the failure that names the number of findings.
fn end(step: Step<'_>, findings: usize) -> Result<(), Failure> {
    let summary = pii_findings::summary(findings);
    if findings > 0 {
        return Err(Failure::new(Exit::Leak, summary)
            .hint("mask the columns, or list them under `mask.survivors` with a reason"));
    }
    step.done(summary);
    Ok(())
}

/// Adds the remedy of a refused login.
fn with_remedy(failure: Failure) -> Failure {
    if failure.exit == Exit::Refused {
        return failure.hint("`master_password` must be the present password of the live generation's master user");
    }
    failure
}

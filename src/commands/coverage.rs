//! `devdb coverage`: checks a database against `devdb.yaml` and `devdb.lock`; `--accept` writes the latter.

use std::sync::Arc;

use clap::Args;

use crate::config::Masking;
use crate::error::{Exit, Failure};
use crate::event::{Event, Listener};
use crate::mask::Key;
use crate::pg::Url;
use crate::scrub::coverage_gate::{CoverageGate, LockCheck};
use crate::scrub::schema_locks::SchemaLocks;
use crate::step::Step;

use super::database_url::{SourceDatabase, framed, open_session};
use super::global_options::{GlobalOptions, masking};

/// Arguments of `devdb coverage`.
#[derive(Debug, Args)]
pub struct CoverageArgs {
    #[command(flatten)]
    source: SourceDatabase,
    /// Write devdb.lock: the present schema has been reviewed.
    #[arg(long)]
    accept: bool,
}

/// Runs the command.
pub async fn run(global: &GlobalOptions, args: &CoverageArgs, listener: Arc<dyn Listener>) -> Result<Exit, Failure> {
    let (config, url) = (global.load()?, args.source.require(&*listener)?);
    let work = check(masking(&config)?, &url, args.accept, &*listener);
    Ok(framed("coverage", &url, listener.clone(), work).await)
}

async fn check(masking: &Masking, url: &Url, accept: bool, listener: &dyn Listener) -> Result<Exit, Failure> {
    let step = Step::begin(listener, "coverage", "check column coverage");
    let session = open_session(url).await?;
    // The proof of a mask does not depend on the secret.
    let key = Key::new("key for coverage alone").map_err(|error| Failure::new(Exit::Usage, error.to_string()))?;
    let (locks, warning) = match accept {
        true => SchemaLocks::read_for_accept(&masking.lock)?,
        false => (SchemaLocks::read(&masking.lock)?, None),
    };
    if let Some(message) = warning {
        listener.on_event(&Event::Warning { message });
    }
    let mut gate = CoverageGate::new(masking, &key, &locks, listener);
    let judgement = gate.judge(&session).await?;
    let has_lock = !locks.is_missing();
    let lock_check = if accept || !has_lock { LockCheck::Skip } else { LockCheck::Compare };
    gate.admit(&judgement, lock_check);
    step.done(gate.finish()?.to_string());
    if accept {
        for message in locks.accept(&masking.lock, &judgement.database, &judgement.catalog)? {
            listener.on_event(&Event::Noted { step: "coverage", message });
        }
    } else if !has_lock {
        let message = "no devdb.lock: a new column that matches a pattern will not be reported; \
                       write the file with `devdb coverage --accept` and commit it";
        listener.on_event(&Event::Warning { message: message.to_owned() });
    }
    Ok(Exit::Done)
}

//! `devdb rotate`: makes and publishes a new generation. The rotation itself is in [`crate::rotate`].

use std::sync::Arc;

use clap::Args;

use crate::error::{Exit, Failure};
use crate::event::Listener;
use crate::interrupt;
use crate::rotate::plan::PlanOptions;
use crate::rotate::start::start;
use crate::rotate::{RotateOptions, rotate};

use super::global_options::GlobalOptions;

/// Arguments of `devdb rotate`.
#[derive(Debug, Default, Args)]
pub struct RotateArgs {
    /// Print the plan and stop; makes no write call of any kind.
    #[arg(long)]
    dry_run: bool,
    /// Restore this snapshot instead of the newest.
    #[arg(long, value_name = "ID", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    snapshot: Option<String>,
    /// Take over the clone of another run instead of waiting for its lease to end.
    #[arg(long)]
    take_over: bool,
    /// Swap the record even if it points at something that devdb did not make.
    #[arg(long)]
    adopt: bool,
    /// Keep a failed clone in quarantine; the next rotation resumes it. To inspect it you need the master password:
    /// use `env:` or `command` instead of a generated one.
    #[arg(long)]
    keep_failed: bool,
    /// Also run the seeds of this context. Can be repeated.
    #[arg(long = "context", value_name = "NAME")]
    contexts: Vec<String>,
    /// Run each script twice and fail if the second run changes anything.
    #[arg(long)]
    check_idempotent: bool,
}

impl RotateArgs {
    fn options(&self) -> RotateOptions {
        RotateOptions {
            plan: PlanOptions { snapshot: self.snapshot.clone(), take_over: self.take_over, adopt: self.adopt },
            dry_run: self.dry_run,
            keep_failed: self.keep_failed,
            contexts: self.contexts.clone(),
            check_idempotent: self.check_idempotent,
        }
    }
}

/// Runs the command.
pub async fn run(global: &GlobalOptions, args: &RotateArgs, listener: Arc<dyn Listener>) -> Result<Exit, Failure> {
    let run = start("rotate", global.target()?, listener, args.dry_run).await?;
    let rotated = rotate(&run, &args.options(), interrupt::signal()).await;
    Ok(run.finish(rotated.map(|generation| (Exit::Done, generation))))
}

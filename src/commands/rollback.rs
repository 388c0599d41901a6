//! `devdb rollback`: points the record back at a kept generation. The rollback itself is in [`crate::rotate::rollback`].

use std::sync::Arc;

use clap::Args;

use crate::error::{Exit, Failure};
use crate::event::Listener;
use crate::interrupt;
use crate::rotate::rollback::{RollbackOptions, roll_back};
use crate::rotate::start::start_on_published;

use super::global_options::GlobalOptions;

/// Arguments of `devdb rollback`.
#[derive(Debug, Args)]
pub struct RollbackArgs {
    /// The generation to roll back to; by default the newest kept one.
    #[arg(value_name = "GENERATION")]
    to: Option<String>,
    /// Print the plan and stop; makes no write call of any kind.
    #[arg(long)]
    dry_run: bool,
    /// Take over the generation that another run works on instead of waiting for its lease to end.
    #[arg(long)]
    take_over: bool,
}

/// Runs the command.
pub async fn run(global: &GlobalOptions, args: &RollbackArgs, listener: Arc<dyn Listener>) -> Result<Exit, Failure> {
    let options = RollbackOptions { to: args.to.clone(), take_over: args.take_over, dry_run: args.dry_run };
    let run = start_on_published("rollback", global.target()?, listener, args.dry_run).await?;
    let rolled_back = roll_back(&run, &options, interrupt::signal()).await;
    Ok(run.finish(rolled_back.map(|generation| (Exit::Done, generation))))
}

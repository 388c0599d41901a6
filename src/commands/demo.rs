//! `devdb demo`: rotates an example company's database on temporary clusters. The demo itself is in [`crate::demo`].

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use crate::demo;
use crate::error::{Exit, Failure};
use crate::event::Listener;

/// Arguments of `devdb demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Directory of the demo; by default a temporary one. Removed at the end unless --keep.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Leave the generation running and print how to connect.
    #[arg(long)]
    keep: bool,
}

/// Runs the command.
pub async fn run(args: &DemoArgs, listener: Arc<dyn Listener>) -> Result<Exit, Failure> {
    demo::run(args.dir.as_deref(), args.keep, listener).await
}

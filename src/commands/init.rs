//! `devdb init`: prints a first `devdb.yaml` for a database.

use std::sync::Arc;

use clap::Args;

use crate::discover::init;
use crate::error::{Exit, Failure};
use crate::event::{Event, Listener};
use crate::pg::Url;

use super::database_url::{SourceDatabase, framed, open_session};
use super::global_options::GlobalOptions;

/// Arguments of `devdb init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    #[command(flatten)]
    source: SourceDatabase,
}

/// Runs the command.
pub async fn run(global: &GlobalOptions, args: &InitArgs, listener: Arc<dyn Listener>) -> Result<Exit, Failure> {
    let url = args.source.require(&*listener)?;
    let work = print_first_configuration(&url, global.is_json(), &*listener);
    Ok(framed("init", &url, listener.clone(), work).await)
}

/// Prints the configuration; as an event among JSON lines.
async fn print_first_configuration(url: &Url, json: bool, listener: &dyn Listener) -> Result<Exit, Failure> {
    let text = init::text(&init::draft(&open_session(url).await?).await?);
    if json {
        listener.on_event(&Event::Noted { step: "init", message: text });
    } else {
        listener.print(&text);
    }
    Ok(Exit::Done)
}

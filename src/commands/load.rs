//! `devdb load`: loads an archive into a database.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use crate::error::{Exit, Failure};
use crate::event::Listener;
use crate::sample::command::{self, Sink};
use crate::step::Frame;

use super::database_url::parse_url;
use super::global_options::GlobalOptions;

/// Arguments of `devdb load`.
#[derive(Debug, Args)]
pub struct LoadArgs {
    /// Archive: a folder, or a file that ends in .tar.zst.
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// Destination: database://USER@HOST/DATABASE. The password is read from PGPASSWORD.
    #[arg(long, value_name = "PLACE")]
    into: String,
    /// Replace a database that is not empty.
    #[arg(long)]
    replace: bool,
}

/// Runs the command.
pub async fn run(global: &GlobalOptions, args: &LoadArgs, listener: Arc<dyn Listener>) -> Result<Exit, Failure> {
    let config = global.load()?;
    let Sink::Database(url) = Sink::read(&args.into, |text| parse_url(text, &*listener))? else {
        return Err(Failure::new(Exit::Usage, "an archive can only be loaded into a database")
            .hint("write `--into database://USER@HOST/DATABASE`"));
    };
    let run = Frame::announce("load", args.path.display().to_string(), listener.clone());
    let done = command::load(&config, &args.path, &url, args.replace, &*listener).await;
    Ok(run.finish(done.map(|()| (Exit::Done, None))))
}

//! Parses, runs, prints the error, returns its exit code.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser as _;

use devdb::error::{Exit, Failure};
use devdb::event::Listener;
use devdb::{cli::Cli, commands, report};

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let listener = report::listener(cli.format);
    let exit = match report::with_html(listener.clone(), cli.html.as_deref()) {
        Ok(listener) => told(commands::run(cli, listener.clone()).await, &listener),
        Err(failure) => told(Err(failure), &listener),
    };
    ExitCode::from(exit as u8)
}

/// The exit code of a command, whose failure is told.
fn told(ran: Result<Exit, Failure>, listener: &Arc<dyn Listener>) -> Exit {
    ran.unwrap_or_else(|failure| {
        listener.on_event(&(&failure).into());
        failure.exit
    })
}

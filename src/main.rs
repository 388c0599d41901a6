//! Parses the arguments, runs the command, reports its failure, returns its exit code.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser as _;

use devdb::commands::{self, Cli};
use devdb::error::{Exit, Failure};
use devdb::event::Listener;
use devdb::report;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    if cli.global.verbose {
        report::write_trace(&cli.global.log);
    }
    let listener = report::listener(cli.global.format, cli.global.verbose);
    let exit = match report::with_html(listener.clone(), cli.global.html.as_deref()) {
        Ok(listener) => report_failure(commands::run(cli, listener.clone()).await, &listener),
        Err(failure) => report_failure(Err(failure), &listener),
    };
    ExitCode::from(exit as u8)
}

/// Returns the exit code of a command, and reports its failure.
fn report_failure(ran: Result<Exit, Failure>, listener: &Arc<dyn Listener>) -> Exit {
    ran.unwrap_or_else(|failure| {
        listener.on_event(&(&failure).into());
        failure.exit
    })
}

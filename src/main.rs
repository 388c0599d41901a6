//! Parses the arguments, runs the command, reports its failure, returns its exit code.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser as _;

use devdb::commands::{self, Cli, GlobalOptions};
use devdb::error::{Exit, Failure};
use devdb::event::Listener;
use devdb::report;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let listener = report::listener(cli.global.format, cli.global.verbose);
    let exit = match prepare(&cli.global, listener.clone()) {
        Ok(listener) => report_failure(commands::run(cli, listener.clone()).await, &listener),
        Err(failure) => report_failure(Err(failure), &listener),
    };
    ExitCode::from(exit as u8)
}

/// Begins the trace and the HTML report, if they are wanted.
fn prepare(options: &GlobalOptions, listener: Arc<dyn Listener>) -> Result<Arc<dyn Listener>, Failure> {
    let filter = options.trace_filter()?;
    if options.verbose {
        report::write_trace(&filter);
    }
    report::with_html(listener, options.html().as_deref())
}

/// Returns the exit code of a command, and reports its failure.
fn report_failure(ran: Result<Exit, Failure>, listener: &Arc<dyn Listener>) -> Exit {
    ran.unwrap_or_else(|failure| {
        listener.on_event(&(&failure).into());
        failure.exit
    })
}

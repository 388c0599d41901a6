//! Parses, runs, prints the error, returns its exit code.

use std::process::ExitCode;

use clap::Parser as _;

use devdb::{cli::Cli, commands, report};

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let listener = report::listener(cli.format);
    let exit = match commands::run(cli, listener.clone()).await {
        Ok(exit) => exit,
        Err(failure) => {
            listener.hear(&(&failure).into());
            failure.exit
        }
    };
    ExitCode::from(exit as u8)
}

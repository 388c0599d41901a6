//! `devdb completions`: prints a completion script for a shell.

use crate::error::{Exit, Failure};
use crate::event::Listener;

use super::output::print;

/// Prints the completion script of `command` for `shell`.
pub fn run(shell: clap_complete::Shell, command: &mut clap::Command, listener: &dyn Listener) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, command, "devdb", &mut script);
    print(listener, &String::from_utf8_lossy(&script))
}

//! The parser of the command line, and the dispatch to the commands.

use std::sync::Arc;

use clap::{CommandFactory as _, Parser, Subcommand};

use super::global_options::GlobalOptions;
use super::{
    audit, cleanup, completions, config, coverage, demo, doctor, init, load, masks, policy, rollback, rotate, sample,
    scrub, start, status,
};
use crate::error::{Exit, Failure};
use crate::event::Listener;

/// Fresh, scrubbed development databases from production snapshots.
#[derive(Debug, Parser)]
#[command(name = "devdb", version, arg_required_else_help = true, max_term_width = 100)]
#[command(after_help = exit_codes())]
pub struct Cli {
    /// Options that every command accepts.
    #[command(flatten)]
    pub global: GlobalOptions,

    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// A command with its arguments.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Restore the newest snapshot, scrub it, point the record at it, remove the old generation.
    Rotate(rotate::RotateArgs),
    /// List all generations, which one is live, and whether it is too old.
    Status,
    /// Point the record back at a kept generation (`generation.keep`).
    Rollback(rollback::RollbackArgs),
    /// Start the published generations of local targets, as after a reboot of this machine.
    Start,
    /// Remove unpublished clones of interrupted runs.
    Cleanup(cleanup::CleanupArgs),
    /// Copy the data of a few users, masked, into an image, a database or an archive.
    ///
    /// The sample contains the users, all rows that refer to them directly or indirectly, and the rows that these
    /// need for referential integrity.
    Sample(Box<sample::SampleArgs>),
    /// Load an archive that `sample` wrote into a database.
    Load(load::LoadArgs),
    /// Check all preconditions of a rotation and print a remedy for each problem.
    Doctor(doctor::DoctorArgs),
    /// Check the configuration, or print its JSON schema.
    Config {
        /// The action.
        #[command(subcommand)]
        action: config::ConfigAction,
    },
    /// Print a first devdb.yaml for a database: masks for columns that look personal, each with its reason.
    Init(init::InitArgs),
    /// Check a database against devdb.yaml and devdb.lock; code 7 if a column is neither masked nor kept.
    Coverage(coverage::CoverageArgs),
    /// Search a database, or a target's live generation, for values that look personal; changes nothing.
    Audit(audit::AuditArgs),
    /// Mask a database that devdb.yaml lists in place, and search it for originals.
    ///
    /// A target's live generation cannot be scrubbed: it was masked by the rotation that made it, and masking masked
    /// values again adds no protection.
    Scrub(scrub::ScrubArgs),
    /// Print the least-privilege IAM policy for this configuration.
    Policy,
    /// List all masks: what they produce, what they keep, what they cost, with an example.
    Masks,
    /// Print a completion script for a shell.
    Completions {
        /// The shell.
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Rotate an example company's database on temporary PostgreSQL clusters of this machine, and take a sample.
    Demo(demo::DemoArgs),
}

impl Command {
    /// Returns the name of a command that uses no target.
    fn without_target(&self) -> Option<&'static str> {
        match self {
            Command::Config { action: config::ConfigAction::Schema } => Some("config schema"),
            Command::Init(_) => Some("init"),
            Command::Masks => Some("masks"),
            Command::Completions { .. } => Some("completions"),
            Command::Demo(_) => Some("demo"),
            _ => None,
        }
    }
}

/// Refuses `--target` where it cannot have an effect. `--config` is accepted everywhere: an alias may pass it always.
fn refuse_unused_target(cli: &Cli) -> Result<(), Failure> {
    match (cli.command.without_target(), &cli.global.target) {
        (Some(name), Some(_)) => {
            let cause = format!("`--target` has no effect on `devdb {name}`");
            Err(Failure::new(Exit::Usage, cause).hint("leave it out"))
        }
        _ => Ok(()),
    }
}

/// Runs a command.
pub async fn run(cli: Cli, listener: Arc<dyn Listener>) -> Result<Exit, Failure> {
    refuse_unused_target(&cli)?;
    let global = &cli.global;
    match &cli.command {
        Command::Rotate(args) => rotate::run(global, args, listener).await,
        Command::Status => status::run(global, listener).await,
        Command::Rollback(args) => rollback::run(global, args, listener).await,
        Command::Start => start::run(global, listener).await,
        Command::Cleanup(args) => cleanup::run(global, args, listener).await,
        Command::Sample(args) => sample::run(global, args, listener).await,
        Command::Load(args) => load::run(global, args, listener).await,
        Command::Doctor(args) => doctor::run(global, args, listener).await,
        Command::Config { action } => config::run(global, action, &*listener),
        Command::Init(args) => init::run(global, args, listener).await,
        Command::Coverage(args) => coverage::run(global, args, listener).await,
        Command::Audit(args) => audit::run(global, args, listener).await,
        Command::Scrub(args) => scrub::run(global, args, listener).await,
        Command::Policy => policy::run(global, &*listener),
        Command::Masks => masks::run(global, &*listener),
        Command::Completions { shell } => completions::run(*shell, &mut Cli::command(), &*listener),
        Command::Demo(args) => demo::run(args, listener).await,
    }
}

/// Returns the table of exit codes for the help text.
fn exit_codes() -> String {
    let lines = Exit::ALL.map(|(exit, words)| format!("  {:>3}  {words}\n", exit as u8));
    format!("Exit codes:\n{}", lines.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flags_are_consistent() {
        Cli::command().debug_assert();
    }
}

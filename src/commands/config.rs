//! `devdb config`: checks the configuration, or prints its JSON schema.

use clap::Subcommand;

use crate::config::{self, Config};
use crate::error::{Exit, Failure};
use crate::event::{Event, Listener, Verdict};
use crate::rotate::database_scripts;
use crate::units::counted;

use super::global_options::GlobalOptions;
use super::output::print_json;

/// Action of `devdb config`.
#[derive(Debug, Subcommand)]
pub enum ConfigAction {
    /// Check the configuration and its scripts; changes nothing and needs no network.
    Check,
    /// Print the JSON schema of the configuration.
    Schema,
}

/// Runs the action.
pub fn run(global: &GlobalOptions, action: &ConfigAction, listener: &dyn Listener) -> Result<Exit, Failure> {
    match action {
        ConfigAction::Check => check(&global.load()?, listener),
        ConfigAction::Schema => print_json(listener, &config::schema()),
    }
}

fn check(config: &Config, listener: &dyn Listener) -> Result<Exit, Failure> {
    for target in config.targets.values() {
        let loaded = database_scripts::load(target)?;
        let scripts: usize = loaded.iter().map(|(_, scripts)| scripts.entries().len()).sum();
        listener.on_event(&Event::Checked {
            check: target.name.clone(),
            verdict: Verdict::Ok,
            found: format!("configuration and {}", counted(scripts as u64, "script")),
            remedy: None,
        });
    }
    Ok(Exit::Done)
}

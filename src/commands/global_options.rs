//! Options that every command accepts, and the configuration that they select.

use std::path::PathBuf;

use clap::Args;

use crate::config::{self, Config, Masking, Target};
use crate::error::{Exit, Failure};
use crate::report::Format;
use crate::scrub;
use crate::trace::TraceFilter;

/// Options that every command accepts.
#[derive(Debug, Args)]
pub struct GlobalOptions {
    /// Configuration file.
    #[arg(short, long, global = true, default_value = "devdb.yaml", env = "DEVDB_CONFIG", value_name = "FILE")]
    pub config: PathBuf,

    /// Target in the configuration; required only if there are several.
    #[arg(short, long, global = true, env = "DEVDB_TARGET", value_name = "NAME")]
    pub target: Option<String>,

    /// Output format.
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORM")]
    pub format: Format,

    /// Report every table and script, and trace SQL statements and API calls: kind, target and duration.
    #[arg(short, long, global = true)]
    pub verbose: bool,

    /// Filter of the trace: a level (`debug`, `off`) or SOURCE=LEVEL, comma-separated; sources are `sql`, `aws` and
    /// `docker`.
    #[arg(long, global = true, env = "DEVDB_LOG", value_name = "FILTER", default_value_t, hide_default_value = true)]
    pub log: TraceFilter,

    /// Also write a report of the run to this file at its end, as one HTML page.
    #[arg(long, global = true, env = "DEVDB_HTML", value_name = "FILE")]
    pub html: Option<PathBuf>,
}

impl GlobalOptions {
    /// Reads and validates the configuration.
    pub fn load(&self) -> Result<Config, Failure> {
        Ok(config::load(&self.config, &|name| std::env::var(name).ok(), scrub::config_checks())?)
    }

    /// Returns the selected target of the configuration.
    pub fn target(&self) -> Result<Target, Failure> {
        self.load_target().map(|(_, target)| target)
    }

    /// Returns the configuration and its selected target.
    pub fn load_target(&self) -> Result<(Config, Target), Failure> {
        let config = self.load()?;
        let target = config.target(self.target.as_deref())?.clone();
        Ok((config, target))
    }

    /// Returns whether the output is JSON.
    pub fn is_json(&self) -> bool {
        self.format == Format::Json
    }
}

/// Returns the masking rules of a configuration, which all targets share.
pub fn masking(config: &Config) -> Result<&Masking, Failure> {
    let first = config.targets.values().next();
    Ok(&*first.ok_or_else(|| Failure::new(Exit::Usage, "the configuration has no target"))?.masking)
}

//! Options that every command accepts, and the configuration that they select.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::config::{self, Config, Masking, Target};
use crate::error::{Exit, Failure};
use crate::report::Format;
use crate::scrub;
use crate::trace::TraceFilter;

use super::environment::{path_variable, unusable, variable};

/// The configuration file if none is named.
const DEFAULT: &str = "devdb.yaml";
/// The variable of `--config`.
const CONFIG: &str = "DEVDB_CONFIG";
/// The variable of `--target`.
pub const TARGET: &str = "DEVDB_TARGET";
/// The variable of `--log`.
const LOG: &str = "DEVDB_LOG";
/// The variable of `--html`.
const HTML: &str = "DEVDB_HTML";

/// Options that every command accepts.
#[derive(Debug, Args)]
pub struct GlobalOptions {
    /// Configuration file [default: devdb.yaml] [env: DEVDB_CONFIG].
    #[arg(short, long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Target in the configuration; required only if there are several [env: DEVDB_TARGET].
    #[arg(short, long, global = true, value_name = "NAME")]
    pub target: Option<String>,

    /// Output format.
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORM")]
    pub format: Format,

    /// Report every table and script, and trace SQL statements and API calls: kind, target and duration.
    #[arg(short, long, global = true)]
    pub verbose: bool,

    /// Filter of the trace of --verbose: a level (`debug`, `off`) or SOURCE=LEVEL, comma-separated; sources are `sql`,
    /// `aws` and `docker` [env: DEVDB_LOG].
    #[arg(long, global = true, value_name = "FILTER", requires = "verbose")]
    log: Option<TraceFilter>,

    /// Also write a report of the run to this file at its end, as one HTML page [env: DEVDB_HTML].
    #[arg(long, global = true, value_name = "FILE")]
    html: Option<PathBuf>,
}

impl GlobalOptions {
    /// Returns the filter of the trace.
    ///
    /// # Errors
    /// The variable has no valid filter.
    pub fn trace_filter(&self) -> Result<TraceFilter, Failure> {
        let parse = |text: String| text.parse().map_err(|why: String| unusable(LOG, &format!("{text:?}: {why}")));
        match &self.log {
            Some(filter) => Ok(filter.clone()),
            None => variable(LOG)?.map(parse).transpose().map(Option::unwrap_or_default),
        }
    }

    /// Returns the path of the HTML report.
    pub fn html(&self) -> Option<PathBuf> {
        self.html.clone().or_else(|| path_variable(HTML))
    }

    /// Returns the name of the selected target.
    pub fn target_name(&self) -> Result<Option<String>, Failure> {
        self.target.clone().map_or_else(|| variable(TARGET), |name| Ok(Some(name)))
    }

    fn config_path(&self) -> Option<PathBuf> {
        self.config.clone().or_else(|| path_variable(CONFIG))
    }

    /// Reads and validates the configuration. A target that is named must be in it.
    pub fn load(&self) -> Result<Config, Failure> {
        let config = read(&self.config_path().unwrap_or_else(|| DEFAULT.into()))?;
        if let Some(name) = self.target_name()? {
            config.target(Some(&name))?;
        }
        Ok(config)
    }

    /// Reads and validates the configuration; `None` if no path is named and the default one does not exist.
    pub fn load_if_present(&self) -> Result<Option<Config>, Failure> {
        match self.config_path() {
            Some(path) => read(&path).map(Some),
            None if Path::new(DEFAULT).exists() => read(Path::new(DEFAULT)).map(Some),
            None => Ok(None),
        }
    }

    /// Returns the selected target of the configuration.
    pub fn target(&self) -> Result<Target, Failure> {
        self.load_target().map(|(_, target)| target)
    }

    /// Returns the configuration and its selected target.
    pub fn load_target(&self) -> Result<(Config, Target), Failure> {
        let config = self.load()?;
        let target = config.target(self.target_name()?.as_deref())?.clone();
        Ok((config, target))
    }

    /// Returns whether the output is JSON.
    pub fn is_json(&self) -> bool {
        self.format == Format::Json
    }
}

fn read(path: &Path) -> Result<Config, Failure> {
    Ok(config::load(path, &|name| std::env::var(name).ok(), scrub::config_checks())?)
}

/// Returns the masking rules of a configuration, which all targets share.
pub fn masking(config: &Config) -> Result<&Masking, Failure> {
    let first = config.targets.values().next();
    Ok(&*first.ok_or_else(|| Failure::new(Exit::Usage, "the configuration has no target"))?.masking)
}

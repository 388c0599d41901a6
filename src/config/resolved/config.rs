//! The whole configuration.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{Sample, Target};
use crate::config::error::ConfigError;

/// The resolved configuration of one file.
#[derive(Clone, Debug)]
pub struct Config {
    /// Path of the file.
    pub path: PathBuf,
    /// Targets by name, at least one.
    pub targets: BTreeMap<String, Target>,
    /// Row selection of samples, or `None` if the file has no `sample` section.
    pub sample: Option<Sample>,
}

impl Config {
    /// Returns the target with this name, or the only target if no name is given.
    ///
    /// # Errors
    /// If no target has the name, or no name is given and there are several targets.
    pub fn target(&self, name: Option<&str>) -> Result<&Target, ConfigError> {
        let target = match name {
            Some(name) => self.targets.get(name),
            None => self.targets.values().next().filter(|_| self.targets.len() == 1),
        };
        target.ok_or_else(|| ConfigError::UnknownTarget {
            wanted: name.map(str::to_owned),
            known: self.targets.keys().cloned().collect(),
        })
    }
}

//! Errors of loading a configuration and selecting a target.

use std::fmt;
use std::path::PathBuf;

use crate::diagnostic::Complaint;
use crate::error::{Exit, Failure};
use crate::units::counted;

/// An error of loading a configuration or selecting a target.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {}: {why}", path.display())]
    Unreadable {
        /// Path of the file.
        path: PathBuf,
        /// Reason.
        why: String,
    },
    /// The content is invalid. At least one complaint, in the order of the file.
    #[error("{}", Drawn(.0))]
    Invalid(Vec<Complaint>),
    /// The command line names an unknown target, or no target although the file has several.
    #[error("{}", match wanted { Some(name) => format!("the configuration has no target `{name}`"), None => "the configuration has several targets".into() })]
    UnknownTarget {
        /// Name on the command line.
        wanted: Option<String>,
        /// Names of all targets.
        known: Vec<String>,
    },
}

impl ConfigError {
    /// Returns the complaints, to be drawn in colour or written to a log.
    pub fn complaints(&self) -> &[Complaint] {
        match self {
            ConfigError::Invalid(complaints) => complaints,
            ConfigError::Unreadable { .. } | ConfigError::UnknownTarget { .. } => &[],
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            ConfigError::Unreadable { .. } => Some(
                "name the file with `--config`; examples/aws.yaml and examples/local.yaml are complete files".into(),
            ),
            ConfigError::Invalid(_) => None,
            ConfigError::UnknownTarget { known, .. } => {
                let list: Vec<String> = known.iter().map(|name| format!("`--target {name}`")).collect();
                Some(format!("select one: {}", list.join(" or ")))
            }
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        let hint = error.hint();
        Failure { hint, ..Failure::new(Exit::Usage, error) }
    }
}

struct Drawn<'a>(&'a [Complaint]);

impl fmt::Display for Drawn<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for complaint in self.0 {
            write!(f, "{complaint}\n\n")?;
        }
        write!(f, "{} in the configuration", counted(self.0.len() as u64, "fault"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_the_usage_exit_code() {
        let failure = Failure::from(ConfigError::UnknownTarget { wanted: None, known: vec!["a".into(), "b".into()] });
        assert_eq!(failure.exit, Exit::Usage);
        assert_eq!(failure.to_string(), "the configuration has several targets");
        assert_eq!(failure.hint.unwrap(), "select one: `--target a` or `--target b`");
    }
}

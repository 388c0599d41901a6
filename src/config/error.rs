//! Why there is no configuration.

use std::fmt;
use std::path::PathBuf;

use crate::diagnostic::Complaint;
use crate::error::{Exit, Failure};

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file could not be read at all.
    #[error("{} cannot be read: {why}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// Its content is wrong; at least one complaint, in the order of the file.
    #[error("{}", Drawn(.0))]
    Wrong(Vec<Complaint>),
    /// The command line names a target that is not there, or none where there are several.
    #[error("{}", match wanted { Some(name) => format!("there is no target `{name}`"), None => "there are several targets".into() })]
    Target {
        /// The name given.
        wanted: Option<String>,
        /// The names there are.
        known: Vec<String>,
    },
}

impl Error {
    /// The complaints, to be drawn in colour or written to a log.
    pub fn complaints(&self) -> &[Complaint] {
        match self {
            Error::Wrong(complaints) => complaints,
            Error::Unreadable { .. } | Error::Target { .. } => &[],
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Error::Unreadable { .. } => {
                Some("name the file with `--config`; devdb.example.yaml is one to start from".into())
            }
            Error::Wrong(_) => None,
            Error::Target { known, .. } => {
                let list: Vec<String> = known.iter().map(|name| format!("`--target {name}`")).collect();
                Some(format!("say which one: {}", list.join(", ")))
            }
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
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
        let faults = if self.0.len() == 1 { "fault" } else { "faults" };
        write!(f, "{} {faults} in the configuration", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_ends_with_the_usage_code() {
        let failure = Failure::from(Error::Target { wanted: None, known: vec!["a".into(), "b".into()] });
        assert_eq!(failure.exit, Exit::Usage);
        assert_eq!(failure.to_string(), "there are several targets");
        assert_eq!(failure.hint.unwrap(), "say which one: `--target a`, `--target b`");
    }
}

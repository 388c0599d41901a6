//! Problems of a folder of scripts, collected and reported together.

use std::fmt;

use crate::diagnostic::Complaint;
use crate::error::{Exit, Failure};

/// A problem of the folder.
#[derive(Clone, Debug)]
pub enum Problem {
    /// A file or folder does not belong there.
    Layout {
        /// Path, as the user would write it.
        path: String,
        /// What is wrong.
        why: String,
        /// What to do.
        remedy: String,
    },
    /// The text of a file is wrong.
    Text(Complaint),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::Layout { path, why, remedy } => write!(f, "{path}: {why} ({remedy})"),
            Problem::Text(complaint) => f.write_str(&complaint.headline()),
        }
    }
}

/// All problems of the folder, at least one. Displayed one per line; those with a text can be rendered with an excerpt.
#[derive(Clone, Debug)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(Problem::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Problems {}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        Failure::new(Exit::Usage, problems).during("read the scripts")
    }
}

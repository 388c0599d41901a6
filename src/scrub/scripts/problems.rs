//! Everything that is wrong with a folder of scripts, said at once.

use std::fmt;

use crate::diagnostic::Complaint;
use crate::error::{Exit, Failure};

/// Something wrong in the folder.
#[derive(Clone, Debug)]
pub enum Problem {
    /// With a file or folder as such.
    Layout {
        /// Its path, as the user would name it.
        path: String,
        /// What is wrong.
        why: String,
        /// What to do.
        remedy: String,
    },
    /// With the text of a file.
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

/// Everything wrong in the folder, at least one problem. Displayed one line each; draw those with a
/// text where there is room.
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

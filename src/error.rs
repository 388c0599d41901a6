//! The failure of a command: one exit code, one message, one remedy.
//!
//! Each module has its own error enum with fields. All are converted to this type, because a module cannot name the
//! enums of the modules above it. Only `main` and the end of a command report a failure.

use std::fmt;

/// Exit codes of the process. Scripts rely on them, so a code never changes its meaning. A test compares README's table
/// with [`Exit::ALL`].
///
/// A new code is a variant here, an entry of `ALL`, a row in README and, if a rotation can end with it, an arm in
/// `rotate/undo.rs`, which chooses the code of a failed rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Success.
    Done = 0,
    /// A bug, or a failure outside devdb that no other code covers.
    Unexpected = 1,
    /// The command line or the configuration is wrong.
    Usage = 2,
    /// Preflight refused; nothing was changed.
    Refused = 3,
    /// Failed; the clone made by this run was removed, the live generation is untouched.
    FailedRemoved = 4,
    /// Failed; a clone is left, whose name is in the message.
    FailedLeft = 5,
    /// The record points at the new generation, but an old one could not be retired.
    NotRetired = 6,
    /// A leak or an uncovered column was found; the record is unchanged.
    Leak = 7,
    /// Another run is active on this target.
    Busy = 75,
    /// Interrupted by SIGINT or SIGTERM.
    Interrupted = 130,
}

impl Exit {
    /// All codes with their descriptions in README.
    pub const ALL: [(Exit, &'static str); 10] = [
        (Exit::Done, "done"),
        (Exit::Unexpected, "unexpected error"),
        (Exit::Usage, "usage or configuration"),
        (Exit::Refused, "preflight refused, nothing changed"),
        (Exit::FailedRemoved, "failed, clone removed"),
        (Exit::FailedLeft, "failed, clone left (its name is printed)"),
        (Exit::NotRetired, "swapped, an old generation is not retired"),
        (Exit::Leak, "leak or uncovered column found, nothing swapped"),
        (Exit::Busy, "another run is active"),
        (Exit::Interrupted, "interrupted"),
    ];
}

/// The underlying error of a [`Failure`].
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// The failure of a command.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// The failed task, as it fits after "failed to": `restore app-dev-20261121-021700`.
    pub task: Option<String>,
    /// The underlying error.
    pub cause: Cause,
    /// The remedy.
    pub hint: Option<String>,
    /// What is done, undone or left, one sentence each.
    pub aftermath: Vec<String>,
    /// Locations in files that it refers to.
    pub places: Vec<FileLocation>,
}

/// A location in a file that a failure refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileLocation {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The problem there, in one line.
    pub title: String,
}

impl Failure {
    /// Returns a failure with a code and a cause only.
    pub fn new(exit: Exit, cause: impl Into<Cause>) -> Self {
        Self { exit, task: None, cause: cause.into(), hint: None, aftermath: Vec::new(), places: Vec::new() }
    }

    /// Returns the first error of a type among the cause and its sources.
    pub fn find<E: std::error::Error + 'static>(&self) -> Option<&E> {
        let mut next: Option<&(dyn std::error::Error + 'static)> = Some(&*self.cause);
        while let Some(error) = next {
            if let Some(found) = error.downcast_ref() {
                return Some(found);
            }
            next = error.source();
        }
        None
    }

    /// Sets the failed task, unless a deeper call has set it.
    #[must_use]
    pub fn during(mut self, task: impl Into<String>) -> Self {
        self.task.get_or_insert_with(|| task.into());
        self
    }

    /// Sets the remedy, unless a deeper call has set it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint.get_or_insert_with(|| hint.into());
        self
    }

    /// Adds a sentence on what is done, undone or left.
    #[must_use]
    pub fn and(mut self, sentence: impl Into<String>) -> Self {
        self.aftermath.push(sentence.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.task {
            Some(task) => write!(f, "failed to {task}: {}", Chain(&*self.cause)),
            None => write!(f, "{}", Chain(&*self.cause)),
        }
    }
}

/// An error with its sources, joined by colons. A source that its parent already quotes is not repeated.
pub struct Chain<'a>(pub &'a (dyn std::error::Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut last = self.0.to_string();
        write!(f, "{last}")?;
        let mut next = self.0.source();
        while let Some(error) = next {
            let text = error.to_string();
            if !last.contains(&text) {
                write!(f, ": {text}")?;
                last = text;
            }
            next = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_reads_as_one_sentence() {
        let io = std::io::Error::other("disk on fire");
        let failure = Failure::new(Exit::FailedRemoved, io).during("restore app-dev-1").during("rotate");
        assert_eq!(failure.to_string(), "failed to restore app-dev-1: disk on fire");
    }
}

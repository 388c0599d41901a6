//! What a failed run leaves behind for its caller: one exit code, one message, one remedy.
//!
//! Each room has its own error enum with fields; this is the shape they all end in, because a room
//! below cannot name the enums of the rooms above it. Only `main` prints one.

use std::fmt;

/// The process exit codes. Scripts rely on them, so a code never changes its meaning;
/// README's table is checked against this enum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Everything asked for was done.
    Done = 0,
    /// A bug, or something outside that no other code names.
    Unexpected = 1,
    /// The command line or the configuration is wrong.
    Usage = 2,
    /// Preflight refused; nothing was changed.
    Refused = 3,
    /// Failed; the clone made by this run was removed, the live generation is untouched.
    FailedRemoved = 4,
    /// Failed; a clone is left and its name is in the message.
    FailedLeft = 5,
    /// The record points at the new generation, but an old one could not be retired.
    NotRetired = 6,
    /// A leak or an uncovered column was found; nothing was swapped.
    Leak = 7,
    /// Another run is active on this target.
    Busy = 75,
    /// Interrupted by SIGINT or SIGTERM.
    Interrupted = 130,
}

impl Exit {
    /// All codes with the words README uses for them.
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

/// Why a command did not do what it was asked, as its caller needs to know it.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What was being done, as it fits after "failed to": `restore app-dev-20261121-021700`.
    pub task: Option<String>,
    /// What went wrong.
    pub cause: Cause,
    /// What to do about it.
    pub hint: Option<String>,
    /// What is already done and what was undone, one sentence each.
    pub aftermath: Vec<String>,
    /// Places in files that it is about.
    pub places: Vec<Place>,
}

/// A place in a file that a failure is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there, in one line.
    pub title: String,
}

impl Failure {
    /// A failure with nothing but a code and a cause.
    pub fn new(exit: Exit, cause: impl Into<Cause>) -> Self {
        Self { exit, task: None, cause: cause.into(), hint: None, aftermath: Vec::new(), places: Vec::new() }
    }

    /// Names what was being done, unless a deeper call already did.
    #[must_use]
    pub fn during(mut self, task: impl Into<String>) -> Self {
        self.task.get_or_insert_with(|| task.into());
        self
    }

    /// Adds the remedy, unless a deeper call already did.
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

/// An error with its sources, joined by colons; a source already quoted by its parent is not repeated.
pub struct Chain<'a>(pub &'a (dyn std::error::Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said = self.0.to_string();
        write!(f, "{said}")?;
        let mut next = self.0.source();
        while let Some(error) = next {
            let text = error.to_string();
            if !said.contains(&text) {
                write!(f, ": {text}")?;
                said = text;
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

//! What a rotation deliberately left alone, for the summary at its end.

use std::sync::{Arc, Mutex, PoisonError};

use crate::event::{Event, Listener};
use crate::units::grouped;

/// Forwards events, and collects from them what was left alone with a reason.
pub struct SkippedRecorder {
    inner: Arc<dyn Listener>,
    lines: Mutex<Vec<String>>,
}

impl SkippedRecorder {
    /// Records what passes on to a listener.
    pub fn over(inner: Arc<dyn Listener>) -> SkippedRecorder {
        SkippedRecorder { inner, lines: Mutex::default() }
    }

    /// Adds a line.
    pub fn add(&self, line: impl Into<String>) {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line.into());
    }

    /// Returns the lines in the order of the run.
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Listener for SkippedRecorder {
    fn on_event(&self, event: &Event) {
        match event {
            Event::Hazard { hazard, message, kept: Some(reason), .. } => {
                self.add(format!("hazard {hazard} ({message}): {reason}"));
            }
            Event::Leak { database, place, kept: Some(reason), .. } => {
                self.add(format!("originals in {place} of {database}: {reason}"));
            }
            Event::LeakChecked { database, left_out, .. } if *left_out > 0 => {
                self.add(format!("{} values of {database} too short or too common to search for", grouped(*left_out)));
            }
            // The lock that is missing.
            Event::Noted { step: "coverage", message } => self.add(message.clone()),
            _ => {}
        }
        self.inner.on_event(event);
    }

    fn add_secret(&self, value: &str) {
        self.inner.add_secret(value);
    }

    fn print(&self, text: &str) {
        self.inner.print(text);
    }
}

//! One JSON object per event and line, on standard output, in the form of `event::SCHEMA_VERSION`.

use std::io::Write;

use crate::event::{Event, Listener};

/// Writes JSON lines.
pub struct Json;

impl Listener for Json {
    fn on_event(&self, event: &Event) {
        if let Ok(line) = serde_json::to_string(event) {
            // A closed pipe is not an error of the run.
            let _ = writeln!(std::io::stdout().lock(), "{line}");
        }
    }

    fn print(&self, text: &str) {
        let _ = write!(std::io::stdout().lock(), "{text}");
    }
}

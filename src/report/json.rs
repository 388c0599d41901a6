//! One JSON object per event and line, on standard output, in the form of `event::SCHEMA_VERSION`.

use std::io::Write;
use std::sync::OnceLock;

use crate::event::{Event, Listener};

/// Writes JSON lines. If standard output begins with a document that a command prints, events go to standard error: the
/// output stays one valid document.
#[derive(Default)]
pub struct Json {
    output: OnceLock<Output>,
}

/// What standard output began with.
enum Output {
    Events,
    Document,
}

impl Listener for Json {
    fn on_event(&self, event: &Event) {
        let Ok(line) = serde_json::to_string(event) else { return };
        // A closed pipe is not an error of the run.
        let _ = match self.output.get_or_init(|| Output::Events) {
            Output::Events => writeln!(std::io::stdout().lock(), "{line}"),
            Output::Document => writeln!(std::io::stderr().lock(), "{line}"),
        };
    }

    fn print(&self, text: &str) {
        self.output.get_or_init(|| Output::Document);
        let _ = write!(std::io::stdout().lock(), "{text}");
    }
}

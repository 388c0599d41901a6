//! For GitHub Actions: a collapsible group per step, annotations at the file and line of a failure,
//! masks for secrets, and a summary page in Markdown.

use std::io::Write;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use crate::event::{Event, Listener};

use super::markdown;
use super::text::sentence;

/// GitHub accepts at most 1 MiB of summary per step.
const SUMMARY_LIMIT: usize = 1024 * 1024;

/// Writes workflow commands to standard output, and the summary when the run ends.
pub struct Github {
    summary: Option<PathBuf>,
    recorded: Mutex<Vec<Event>>,
}

impl Github {
    /// A report whose summary goes to the file in `GITHUB_STEP_SUMMARY`, if any.
    pub fn new(summary: Option<PathBuf>) -> Github {
        Github { summary, recorded: Mutex::default() }
    }

    fn write_summary(&self) {
        let recorded = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(path) = &self.summary else { return };
        let mut text = markdown::summary(&recorded);
        if text.len() > SUMMARY_LIMIT {
            text.truncate(text.floor_char_boundary(SUMMARY_LIMIT));
        }
        let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
        if let Err(error) = file.and_then(|mut file| file.write_all(text.as_bytes())) {
            write(&format!("::warning::the step summary could not be written: {}", data(&error.to_string())));
        }
    }
}

fn write(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// Escapes the message of a workflow command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes a property of a workflow command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// Protects lines that begin with `::`, which GitHub would execute as workflow commands.
fn plain(text: &str) -> String {
    text.lines()
        .map(|line| if line.trim_start().starts_with("::") { format!("\u{200b}{line}") } else { line.to_owned() })
        .collect::<Vec<_>>()
        .join("\n")
}

impl Listener for Github {
    fn on_event(&self, event: &Event) {
        self.recorded.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone());
        match event {
            Event::StepStarted { title, .. } => write(&format!("::group::{}", data(title))),
            Event::StepFinished { .. } => {
                write(&plain(&sentence(event).unwrap_or_default()));
                write("::endgroup::");
            }
            Event::Warning { message } => write(&format!("::warning::{}", data(message))),
            Event::Failed { message, places, .. } => {
                write("::endgroup::");
                for place in places {
                    let at = format!("file={},line={}", property(&place.file), place.line);
                    write(&format!("::error title=devdb,{at}::{}", data(&place.title)));
                }
                if places.is_empty() {
                    write(&format!("::error title=devdb::{}", data(message)));
                }
                write(&plain(&sentence(event).unwrap_or_default()));
            }
            Event::RunFinished { .. } => {
                write(&plain(&sentence(event).unwrap_or_default()));
                self.write_summary();
            }
            _ => {
                if let Some(text) = sentence(event) {
                    write(&plain(&text));
                }
            }
        }
    }

    fn add_secret(&self, value: &str) {
        // GitHub masks only later output, so this precedes the first use of the secret.
        for line in value.lines().filter(|line| !line.trim().is_empty()) {
            write(&format!("::add-mask::{}", data(line)));
        }
    }

    fn print(&self, text: &str) {
        write(&plain(text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_cannot_become_a_workflow_command() {
        assert_eq!(data("50 %\n::error::x"), "50 %25%0A::error::x");
        assert_eq!(property("a:b,c"), "a%3Ab%2Cc");
        assert!(!plain("::error::x").starts_with("::"));
    }
}

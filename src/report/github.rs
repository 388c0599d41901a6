//! For GitHub Actions: a collapsible group per step, annotations at the file and line of a failure,
//! masks for secrets, and a summary page in Markdown.

use std::io::Write;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use crate::event::{Event, Listener};

use super::markdown;
use super::text::sentence;

/// GitHub takes at most 1 MiB of summary a step.
const SUMMARY_LIMIT: usize = 1024 * 1024;

/// Writes workflow commands to standard output, and the summary when the run ends.
pub struct Github {
    summary: Option<PathBuf>,
    heard: Mutex<Vec<Event>>,
}

impl Github {
    /// `summary` is the file in `GITHUB_STEP_SUMMARY`.
    pub fn new(summary: Option<PathBuf>) -> Github {
        Github { summary, heard: Mutex::default() }
    }

    fn write_summary(&self) {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(path) = &self.summary else { return };
        let mut text = markdown::summary(&heard);
        if text.len() > SUMMARY_LIMIT {
            text.truncate(text.floor_char_boundary(SUMMARY_LIMIT));
        }
        let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
        if let Err(error) = file.and_then(|mut file| file.write_all(text.as_bytes())) {
            say(&format!("::warning::the step summary could not be written: {}", data(&error.to_string())));
        }
    }
}

fn say(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// Escapes the text of a workflow command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes a property of a workflow command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// Text that must not be taken for a workflow command: one begins a line with `::`.
fn plain(text: &str) -> String {
    text.lines()
        .map(|line| if line.trim_start().starts_with("::") { format!("\u{200b}{line}") } else { line.to_owned() })
        .collect::<Vec<_>>()
        .join("\n")
}

impl Listener for Github {
    fn on_event(&self, event: &Event) {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone());
        match event {
            Event::StepStarted { title, .. } => say(&format!("::group::{}", data(title))),
            Event::StepFinished { .. } => {
                say(&plain(&sentence(event).unwrap_or_default()));
                say("::endgroup::");
            }
            Event::Warning { message } => say(&format!("::warning::{}", data(message))),
            Event::Failed { message, places, .. } => {
                say("::endgroup::");
                for place in places {
                    let at = format!("file={},line={}", property(&place.file), place.line);
                    say(&format!("::error title=devdb,{at}::{}", data(&place.title)));
                }
                if places.is_empty() {
                    say(&format!("::error title=devdb::{}", data(message)));
                }
                say(&plain(&sentence(event).unwrap_or_default()));
            }
            Event::RunFinished { .. } => {
                say(&plain(&sentence(event).unwrap_or_default()));
                self.write_summary();
            }
            _ => {
                if let Some(text) = sentence(event) {
                    say(&plain(&text));
                }
            }
        }
    }

    fn add_secret(&self, value: &str) {
        // Masks hold from here on, so this stands before the first use of the secret.
        for line in value.lines().filter(|line| !line.trim().is_empty()) {
            say(&format!("::add-mask::{}", data(line)));
        }
    }

    fn print(&self, text: &str) {
        say(&plain(text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_cannot_become_a_command() {
        assert_eq!(data("50 %\n::error::x"), "50 %25%0A::error::x");
        assert_eq!(property("a:b,c"), "a%3Ab%2Cc");
        assert!(!plain("::error::x").starts_with("::"));
    }
}

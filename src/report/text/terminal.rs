//! A live display: one line per finished step, and a spinner with the elapsed time.

use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::event::{Event, Listener, Verdict};

use super::sentence::{is_detail, sentence, verdict_word};
use crate::units::seconds;

const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[33m";
const RED: &str = "\x1b[31m";
const BOLD: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";
const RESET: &str = "\x1b[0m";

/// A live display on standard error.
pub struct Terminal {
    step: Mutex<Option<(ProgressBar, String)>>,
    colour: bool,
}

impl Terminal {
    /// An empty display. Honours `NO_COLOR`.
    pub fn new() -> Terminal {
        let colour = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Terminal { step: Mutex::new(None), colour }
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.colour { format!("{code}{text}{RESET}") } else { text.to_owned() }
    }

    /// Writes a line above the spinner.
    fn line(&self, text: &str) {
        let step = self.step.lock().unwrap_or_else(PoisonError::into_inner);
        match &*step {
            Some((bar, _)) => bar.suspend(|| write_line(text)),
            None => write_line(text),
        }
    }

    fn begin(&self, title: &str) {
        let style = ProgressStyle::with_template("{spinner} {msg} {elapsed:.dim}");
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = style {
            bar.set_style(style);
        }
        bar.set_message(title.to_owned());
        bar.enable_steady_tick(Duration::from_millis(120));
        let before = self.step.lock().unwrap_or_else(PoisonError::into_inner).replace((bar, title.to_owned()));
        if let Some((bar, _)) = before {
            bar.finish_and_clear();
        }
    }

    /// Removes the spinner, and returns the title of the step that ended.
    fn end(&self) -> Option<String> {
        let (bar, title) = self.step.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        bar.finish_and_clear();
        Some(title)
    }

    fn in_step(&self) -> bool {
        self.step.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }
}

fn write_line(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

impl Listener for Terminal {
    fn on_event(&self, event: &Event) {
        match event {
            Event::StepStarted { title, .. } => self.begin(title),
            Event::Progress { message, .. } => {
                let step = self.step.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some((bar, title)) = &*step {
                    bar.set_message(format!("{title}: {}", self.paint(DIM, message)));
                }
            }
            Event::StepFinished { summary, seconds: time, .. } => {
                let title = self.end().unwrap_or_default();
                let (mark, time) = (self.paint(GREEN, "✓"), self.paint(DIM, &seconds(*time)));
                write_line(&format!("{mark} {title}: {summary} {time}"));
            }
            Event::Warning { message } => self.line(&format!("{} {message}", self.paint(YELLOW, "!"))),
            Event::Checked { verdict, .. } => {
                let code = match verdict {
                    Verdict::Ok => GREEN,
                    Verdict::Warn => YELLOW,
                    Verdict::Fail => RED,
                };
                let text = sentence(event).unwrap_or_default();
                let word = verdict_word(*verdict);
                self.line(&text.replacen(word, &self.paint(code, word), 1));
            }
            Event::Facts { title, .. } => {
                let text = sentence(event).unwrap_or_default();
                self.line(&text.replacen(title.as_str(), &self.paint(BOLD, title), 1));
            }
            Event::Failed { .. } => {
                if let Some(title) = self.end() {
                    write_line(&format!("{} {title}", self.paint(RED, "✗")));
                }
                let text = sentence(event).unwrap_or_default();
                write_line(&text.replacen("error:", &self.paint(RED, "error:"), 1));
            }
            Event::RunFinished { .. } => {
                let _ = self.end();
                if let Some(text) = sentence(event) {
                    write_line(&self.paint(BOLD, &text));
                }
            }
            Event::Leak { kept: None, .. } => {
                let text = sentence(event).unwrap_or_default();
                self.line(&self.paint(RED, &text));
            }
            _ if is_detail(event, self.in_step()) => {}
            _ => {
                if let Some(text) = sentence(event) {
                    self.line(&self.paint(DIM, &text));
                }
            }
        }
    }

    fn print(&self, text: &str) {
        let _ = write!(std::io::stdout().lock(), "{text}");
    }
}

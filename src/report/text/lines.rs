//! Plain lines, for logs and pipes. Progress goes to standard error, requested output to standard output.

use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::sentence::{is_detail, sentence};
use crate::event::{Event, Listener};
use crate::units::seconds;

/// How often a step that takes long reports progress.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(60);

/// Writes plain lines: one line per step when it ends, one line per minute while it lasts, and with `verbose`
/// every detail as it happens.
pub struct Lines {
    verbose: bool,
    step: Mutex<Option<OpenStep>>,
}

/// The step that is running.
struct OpenStep {
    title: String,
    last_line: Instant,
}

impl Lines {
    /// A report without lines yet.
    pub fn new(verbose: bool) -> Lines {
        Lines { verbose, step: Mutex::new(None) }
    }

    /// Returns the text of an event if it is to be written now.
    fn text(&self, event: &Event) -> Option<String> {
        let mut step = self.step.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::StepStarted { title, .. } => {
                *step = Some(OpenStep { title: title.clone(), last_line: Instant::now() });
                self.verbose.then(|| sentence(event)).flatten()
            }
            Event::StepFinished { summary, seconds: time, .. } => {
                let ended = step.take();
                if self.verbose {
                    return sentence(event);
                }
                let title = ended.map_or_else(String::new, |step| step.title);
                Some(format!("ok   {title}: {summary} ({})", seconds(*time)))
            }
            _ if self.verbose => sentence(event),
            Event::Failed { .. } => {
                // In which step it failed: its line was not written yet.
                let step = step.take().map_or_else(String::new, |step| format!("fail {}\n", step.title));
                sentence(event).map(|text| step + &text)
            }
            Event::Progress { message, .. } => {
                let step = step.as_mut().filter(|step| step.last_line.elapsed() >= PROGRESS_INTERVAL)?;
                step.last_line = Instant::now();
                Some(format!("     {}: {message}", step.title))
            }
            _ if is_detail(event, step.is_some()) => None,
            _ => sentence(event),
        }
    }
}

impl Listener for Lines {
    fn on_event(&self, event: &Event) {
        if let Some(text) = self.text(event) {
            let _ = writeln!(std::io::stderr().lock(), "{text}");
        }
    }

    fn print(&self, text: &str) {
        let _ = write!(std::io::stdout().lock(), "{text}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step() -> [Event; 5] {
        [
            Event::StepStarted { step: "masks", title: "mask tables".into() },
            Event::Progress { step: "masks", message: "app.users".into() },
            Event::Noted { step: "masks", message: "foreign keys dropped".into() },
            Event::Warning { message: "look".into() },
            Event::StepFinished { step: "masks", summary: "19 tables".into(), seconds: 4.4 },
        ]
    }

    fn written(lines: &Lines) -> Vec<String> {
        step().iter().filter_map(|event| lines.text(event)).collect()
    }

    #[test]
    fn a_step_is_one_line() {
        assert_eq!(written(&Lines::new(false)), ["warning: look", "ok   mask tables: 19 tables (4.4 s)"]);
    }

    #[test]
    fn every_detail_is_written_when_asked_for() {
        assert_eq!(written(&Lines::new(true)).len(), step().len());
    }

    #[test]
    fn a_long_step_reports_progress_once_a_minute() {
        let lines = Lines::new(false);
        assert_eq!(lines.text(&step()[0]), None);
        let a_minute_ago = Instant::now().checked_sub(PROGRESS_INTERVAL).unwrap();
        lines.step.lock().unwrap().as_mut().unwrap().last_line = a_minute_ago;
        assert_eq!(lines.text(&step()[1]).as_deref(), Some("     mask tables: app.users"));
        assert_eq!(lines.text(&step()[1]), None);
    }

    #[test]
    fn a_failure_names_its_step() {
        let lines = Lines::new(false);
        let failed = Event::Failed { message: "no".into(), places: Vec::new(), hint: None, aftermath: Vec::new() };
        assert_eq!(lines.text(&step()[0]), None);
        assert_eq!(lines.text(&failed).as_deref(), Some("fail mask tables\nerror: no"));
        assert_eq!(lines.text(&failed).as_deref(), Some("error: no"));
    }

    #[test]
    fn a_note_outside_of_a_step_is_a_result() {
        let note = Event::Noted { step: "coverage", message: "devdb.lock written".into() };
        assert_eq!(Lines::new(false).text(&note).as_deref(), Some("  - devdb.lock written"));
    }
}

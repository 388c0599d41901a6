//! The listener that records the events of a run and writes the page.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use super::file;
use super::page::page;
use super::recorded::Recorded;
use crate::error::{Exit, Failure};
use crate::event::{Event, Listener};

/// Forwards every event to another report, and writes the page when a run ends or a command fails.
///
/// A second run in one process gets a page of its own beside the first: `report-2.html`.
pub struct Html {
    inner: Arc<dyn Listener>,
    path: PathBuf,
    pub(super) page: Mutex<Page>,
}

/// The events of one run, and the run's number in this process, from 1.
#[derive(Default)]
pub(super) struct Page {
    run: usize,
    pub(super) recorded: Vec<Recorded>,
}

impl Html {
    /// Adds a page at `path` to another report. The path is tested at once, not after an hour of rotation. An existing
    /// file stays until the page replaces it.
    ///
    /// # Errors
    /// `Exit::Usage` if the path is not a regular file, or its folder cannot be written to.
    pub fn beside(inner: Arc<dyn Listener>, path: &Path) -> Result<Html, Failure> {
        let unwritable = |error: io::Error| {
            Failure::new(Exit::Usage, error)
                .during(format!("write the report to {}", path.display()))
                .hint("name a file in a folder that exists and can be written to: --html, or DEVDB_HTML")
        };
        let path = file::resolve(path).map_err(unwritable)?;
        file::replace(&path, None).map_err(unwritable)?;
        Ok(Html { inner, path, page: Mutex::default() })
    }

    fn keep(&self, event: &Event) {
        let mut page = self.page.lock().unwrap_or_else(PoisonError::into_inner);
        match (event, page.recorded.last()) {
            (Event::RunStarted { .. }, _) => {
                page.recorded.clear();
                page.run += 1;
            }
            // A long wait repeats the same message hundreds of times.
            (Event::Progress { .. }, Some(Recorded { event: Event::Progress { .. }, .. })) => {
                page.recorded.pop();
            }
            _ => {}
        }
        page.recorded.push(Recorded { at: Timestamp::now(), event: event.clone() });
    }

    fn write(&self) {
        let recorded = self.page.lock().unwrap_or_else(PoisonError::into_inner);
        let (text, path) = (page(&recorded.recorded), file::numbered(&self.path, recorded.run));
        drop(recorded);
        let written = text.map_err(io::Error::other).and_then(|text| file::replace(&path, Some(&text)));
        if let Err(error) = written {
            let message = format!("failed to write the report to {}: {error}", path.display());
            self.inner.on_event(&Event::Warning { message });
        }
    }
}

impl Listener for Html {
    fn on_event(&self, event: &Event) {
        self.keep(event);
        // A failure outside of a run, such as an invalid configuration, is the last event.
        if matches!(event, Event::Failed { .. } | Event::RunFinished { .. }) {
            self.write();
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

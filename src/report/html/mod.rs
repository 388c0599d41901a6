//! The run as one HTML file: it opens from disk, asks for nothing from outside, and prints well.
//!
//! Each part of the page is a type of its own with a template beside it, made from what was heard.

mod coverage;
mod filters;
mod format;
mod head;
mod leaks;
mod lists;
mod page;
mod sampled;
mod tables;
mod timeline;

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use crate::error::{Exit, Failure};
use crate::event::{Event, Listener};

pub use page::page;

/// An event, and when it was heard.
#[derive(Clone, Debug)]
pub struct Heard {
    /// When: an event has no time of its own.
    pub at: Timestamp,
    /// What.
    pub event: Event,
}

/// Passes everything on to another form, and writes the page when a run ends or something fails.
///
/// A second run in one process has a page of its own beside the first: `report-2.html`.
pub struct Html {
    inner: Arc<dyn Listener>,
    path: PathBuf,
    heard: Mutex<Page>,
}

/// What was heard of one run, and which run it is.
#[derive(Default)]
struct Page {
    run: usize,
    heard: Vec<Heard>,
}

impl Html {
    /// A page at `path` beside another form. The path is tried at once: after an hour of rotation it would
    /// be too late to hear that it cannot be written. What is there stays until the page takes its place.
    ///
    /// # Errors
    /// The path is something else than a file, or its folder takes no file.
    pub fn beside(inner: Arc<dyn Listener>, path: &Path) -> Result<Html, Failure> {
        let unwritable = |error: io::Error| {
            Failure::new(Exit::Usage, error)
                .during(format!("write the report to {}", path.display()))
                .hint("name a file in a folder that exists and can be written to: --html, or DEVDB_HTML")
        };
        let path = place(path).map_err(unwritable)?;
        replace(&path, None).map_err(unwritable)?;
        Ok(Html { inner, path, heard: Mutex::default() })
    }

    fn keep(&self, event: &Event) {
        let mut page = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        match (event, page.heard.last()) {
            (Event::RunStarted { .. }, _) => {
                page.heard.clear();
                page.run += 1;
            }
            // A wait of an hour says the same thing hundreds of times.
            (Event::Progress { .. }, Some(Heard { event: Event::Progress { .. }, .. })) => {
                page.heard.pop();
            }
            _ => {}
        }
        page.heard.push(Heard { at: Timestamp::now(), event: event.clone() });
    }

    fn write(&self) {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let (text, path) = (page(&heard.heard), numbered(&self.path, heard.run));
        drop(heard);
        let written = text.map_err(io::Error::other).and_then(|text| replace(&path, Some(&text)));
        if let Err(error) = written {
            let message = format!("the report could not be written to {}: {error}", path.display());
            self.inner.on_event(&Event::Warning { message });
        }
    }
}

impl Listener for Html {
    fn on_event(&self, event: &Event) {
        self.keep(event);
        // A failure outside of a run, such as a wrong configuration, is followed by nothing.
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

/// The file that a path means. A rename would put a file in the place of a device or of a symbolic link.
fn place(path: &Path) -> io::Result<PathBuf> {
    match path.metadata() {
        Ok(found) if found.is_file() => path.canonicalize(),
        Ok(found) if found.is_dir() => Err(io::Error::from(io::ErrorKind::IsADirectory)),
        Ok(_) => Err(io::Error::other("it is no regular file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound && path.file_name().is_some() => Ok(path.to_owned()),
        Err(error) => Err(error),
    }
}

/// The file of the first run, or `report-2.html` beside it for the second.
fn numbered(path: &Path, run: usize) -> PathBuf {
    if run < 2 {
        return path.to_owned();
    }
    let (stem, end) = (path.file_stem().unwrap_or_default(), path.extension());
    let mut name = std::ffi::OsString::from(stem);
    name.push(format!("-{run}"));
    if let Some(end) = end {
        name.push(".");
        name.push(end);
    }
    path.with_file_name(name)
}

/// Puts a text in the place of a file, whole or not at all; without one, only tries that it could.
fn replace(path: &Path, text: Option<&str>) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let written = std::fs::File::create(&beside).and_then(|mut file| match text {
        Some(text) => {
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&beside, path)
        }
        None => std::fs::remove_file(&beside),
    });
    if written.is_err() {
        // It may not even exist.
        let _ = std::fs::remove_file(&beside);
    }
    written
}

#[cfg(test)]
mod tests;

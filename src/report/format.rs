//! The form of a report, and the listener that writes it.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;

use super::github::Github;
use super::html::Html;
use super::json::Json;
use super::text::{Lines, Terminal};
use crate::error::Failure;
use crate::event::Listener;

/// The form of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people: a live display on a terminal, plain lines elsewhere.
    #[default]
    Text,
    /// One JSON object a line on standard output; README describes them.
    Json,
    /// For GitHub Actions: groups, annotations, masks and a step summary.
    Github,
}

/// Returns the listener for a form. `verbose` adds every detail to text; the other forms always have them.
pub fn listener(format: Format, verbose: bool) -> Arc<dyn Listener> {
    match format {
        Format::Json => Arc::new(Json::default()),
        Format::Github => {
            let summary = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty());
            Arc::new(Github::new(summary.map(Into::into)))
        }
        // Details and trace lines go by too fast for a live display.
        Format::Text if std::io::stderr().is_terminal() && !verbose => Arc::new(Terminal::new()),
        Format::Text => Arc::new(Lines::new(verbose)),
    }
}

/// Adds an HTML page to a listener, if a path is given; it is written when a run ends.
///
/// # Errors
/// The page cannot be written to the path.
pub fn with_html(listener: Arc<dyn Listener>, path: Option<&Path>) -> Result<Arc<dyn Listener>, Failure> {
    Ok(match path {
        Some(path) => Arc::new(Html::beside(listener, path)?),
        None => listener,
    })
}

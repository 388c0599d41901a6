//! Events in; words for a terminal, a log, a program or GitHub out. The only room that prints.

mod github;
pub mod html;
mod json;
mod lines;
mod markdown;
mod terminal;

use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;

use unicode_width::UnicodeWidthStr as _;

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

/// The listener for a form.
pub fn listener(format: Format) -> Arc<dyn Listener> {
    match format {
        Format::Json => Arc::new(json::Json),
        Format::Github => Arc::new(github::Github::new(std::env::var_os("GITHUB_STEP_SUMMARY").map(Into::into))),
        Format::Text if std::io::stderr().is_terminal() => Arc::new(terminal::Terminal::new()),
        Format::Text => Arc::new(lines::Lines),
    }
}

/// The same, and an HTML page beside it, written when a run ends.
///
/// # Errors
/// The page cannot be written there.
pub fn with_html(listener: Arc<dyn Listener>, path: Option<&Path>) -> Result<Arc<dyn Listener>, Failure> {
    Ok(match path {
        Some(path) => Arc::new(html::Html::beside(listener, path)?),
        None => listener,
    })
}

/// Seconds for people: `0.4 s`, `12 s`, `3 m 05 s`.
fn seconds(time: f64) -> String {
    if time < 10.0 {
        format!("{time:.1} s")
    } else {
        let whole = time.round();
        if whole < 60.0 {
            format!("{whole:.0} s")
        } else {
            format!("{:.0} m {:02.0} s", (whole / 60.0).floor(), whole % 60.0)
        }
    }
}

/// A labelled list with its labels in one column.
fn aligned(facts: &[crate::event::Fact]) -> String {
    // As a terminal shows them: a letter of hangul is two columns wide.
    let width = facts.iter().map(|fact| fact.label.width()).max().unwrap_or(0);
    let mut out = String::new();
    for fact in facts {
        let pad = width - fact.label.width();
        out.push_str(&format!("  {}{}  {}\n", fact.label, " ".repeat(pad), fact.value));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_read_well() {
        assert_eq!([0.04, 9.96, 59.4, 61.0, 3599.0].map(seconds), ["0.0 s", "10.0 s", "59 s", "1 m 01 s", "59 m 59 s"]);
    }
}

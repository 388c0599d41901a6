//! A complaint about a location in a text file, drawn over its line. YAML and SQL share it, so that a wrong key in the
//! configuration and a failing statement in a script look alike.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

/// A complaint about a location in a text file.
#[derive(Clone, Debug)]
pub struct Complaint {
    /// The file, as a user writes its path.
    pub file: String,
    /// The complete text of the file.
    pub text: Arc<str>,
    /// The location, in bytes of `text`.
    pub span: Range<usize>,
    /// The problem, lowercase, without a full stop.
    pub title: String,
    /// A word or two below the location.
    pub label: Option<String>,
    /// The remedy.
    pub help: Option<String>,
}

impl Complaint {
    /// Returns the line, from 1.
    pub fn line(&self) -> usize {
        self.before().matches('\n').count() + 1
    }

    /// Returns the column in characters, from 1.
    pub fn column(&self) -> usize {
        let before = self.before();
        before[before.rfind('\n').map_or(0, |at| at + 1)..].chars().count() + 1
    }

    fn before(&self) -> &str {
        let mut end = self.span.start.min(self.text.len());
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        &self.text[..end]
    }

    /// Returns the complaint in one line: `file:line:column: problem`.
    pub fn headline(&self) -> String {
        format!("{}:{}:{}: {}", self.file, self.line(), self.column(), self.title)
    }

    /// Returns the complaint drawn over its line, in colour for a terminal.
    pub fn render(&self, colour: bool) -> String {
        let start = self.before().len();
        let mut end = self.span.end.clamp(start, self.text.len());
        while !self.text.is_char_boundary(end) {
            end += 1;
        }
        let mark = AnnotationKind::Primary.span(start..end);
        let mark = match &self.label {
            Some(label) => mark.label(label.as_str()),
            None => mark,
        };
        let mut group = Level::ERROR
            .primary_title(self.title.as_str())
            .element(Snippet::source(&*self.text).path(self.file.as_str()).annotation(mark));
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(help.as_str()));
        }
        let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
        renderer.render(&[group])
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_the_location_and_the_remedy_are_shown() {
        let text: Arc<str> = "a: 1\n이름: 2\n".into();
        let start = text.find('2').unwrap();
        let complaint = Complaint {
            file: "devdb.yaml".into(),
            text,
            span: start..start + 1,
            title: "`이름` is not a setting".into(),
            label: Some("here".into()),
            help: Some("remove it".into()),
        };
        assert_eq!((complaint.line(), complaint.column()), (2, 5));
        let shown = complaint.to_string();
        assert!(
            shown.contains("devdb.yaml:2:5") && shown.contains("이름: 2") && shown.contains("help: remove it"),
            "{shown}"
        );
    }
}

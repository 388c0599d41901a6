//! A place in the file that a check can complain about.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::config::diagnostics::Page;
use crate::config::raw::Length;
use crate::config::tree::{Entry, Kind, Node};

use super::names;

/// A value in the file; for what is not written there, the nearest thing above it that is.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    page: &'a Page,
    entry: Option<&'a Entry>,
    node: &'a Node,
    written: bool,
}

impl<'a> Place<'a> {
    /// The whole file.
    pub fn root(page: &'a Page, node: &'a Node) -> Self {
        Self { page, entry: None, node, written: true }
    }

    /// Below a key.
    pub fn at(self, key: &str) -> Self {
        match self.node.entry(key) {
            Some(entry) => Self { entry: Some(entry), node: &entry.value, ..self },
            None => Self { written: false, ..self },
        }
    }

    /// An item of a list.
    pub fn item(self, index: usize) -> Self {
        match &self.node.kind {
            Kind::List(items) if index < items.len() => Self { entry: None, node: &items[index], ..self },
            _ => Self { written: false, ..self },
        }
    }

    /// Complains about the value.
    pub fn complain(self, title: impl Into<String>, help: impl Into<String>) {
        let is_scalar = !matches!(self.node.kind, Kind::Map(_) | Kind::List(_) | Kind::Null);
        let span = match self.entry {
            Some(entry) if !is_scalar => entry.key_span.clone(),
            _ => self.node.visible_span(),
        };
        self.complain_at(span, title, help);
    }

    /// Complains about the key.
    pub fn complain_of_key(self, title: impl Into<String>, help: impl Into<String>) {
        let span = self.entry.map_or_else(|| self.node.visible_span(), |entry| entry.key_span.clone());
        self.complain_at(span, title, help);
    }

    /// What stands in for something missing or wrong is not complained about: the fault is named already.
    fn complain_at(self, span: Range<usize>, title: impl Into<String>, help: impl Into<String>) {
        if self.written && self.node.kind != Kind::Broken && !self.page.is_spoilt(&span) {
            self.page.complain(span, title, None, help);
        }
    }

    /// Complains about the value unless something holds. Gives back whether it does.
    pub fn require(self, holds: bool, title: impl Into<String>, help: impl Into<String>) -> bool {
        if !holds {
            self.complain(title, help);
        }
        holds
    }

    /// The value in words. What came from the environment is not shown.
    pub fn shown(self) -> String {
        match &self.node.kind {
            Kind::Text(text) if text.is_empty() => "empty text".into(),
            Kind::Text(text) => format!("`{text}`"),
            _ => "this".into(),
        }
    }

    /// Reads a length of time; a wrong one is complained about and counts as nothing.
    pub fn length(self, written: &Length) -> Duration {
        names::length(&written.0).unwrap_or_else(|| {
            self.complain(
                format!("{} is not a length of time", self.shown()),
                "write it like `90s`, `15m`, `36h` or `2d`",
            );
            Duration::ZERO
        })
    }

    /// Reads a length of time that must be more than nothing.
    pub fn some_length(self, written: &Length) -> Duration {
        let length = self.length(written);
        if names::length(&written.0) == Some(Duration::ZERO) {
            self.complain("a length of time of nothing would end every run", "write at least `1s`");
        }
        length
    }

    /// A path in the file, made absolute against the file's folder.
    pub fn path(self, base: &Path, written: &Path) -> PathBuf {
        self.require(!written.as_os_str().is_empty(), "the path is empty", "write a path, relative to this file");
        base.join(written).components().collect()
    }
}

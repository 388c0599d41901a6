//! A position in the file, at which the checks report complaints.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::names;
use crate::config::diagnostics::Diagnostics;
use crate::config::raw::RawDuration;
use crate::config::tree::{Entry, Node, NodeKind};

/// A value in the file. For a value that the file omits, it is the closest enclosing value that the file contains.
#[derive(Clone, Copy)]
pub struct Cursor<'a> {
    diagnostics: &'a Diagnostics,
    entry: Option<&'a Entry>,
    node: &'a Node,
    is_present: bool,
}

impl<'a> Cursor<'a> {
    /// Returns the root of the file.
    pub fn root(diagnostics: &'a Diagnostics, node: &'a Node) -> Self {
        Self { diagnostics, entry: None, node, is_present: true }
    }

    /// Returns the value under a key of this map.
    pub fn key(self, key: &str) -> Self {
        match self.node.entry(key) {
            Some(entry) => Self { entry: Some(entry), node: &entry.value, ..self },
            None => Self { is_present: false, ..self },
        }
    }

    /// Returns an item of this list.
    pub fn item(self, index: usize) -> Self {
        match &self.node.kind {
            NodeKind::List(items) if index < items.len() => Self { entry: None, node: &items[index], ..self },
            _ => Self { is_present: false, ..self },
        }
    }

    /// Reports a complaint about the value.
    pub fn report(self, title: impl Into<String>, help: impl Into<String>) {
        let is_scalar = !matches!(self.node.kind, NodeKind::Map(_) | NodeKind::List(_) | NodeKind::Null);
        let span = match self.entry {
            Some(entry) if !is_scalar => entry.key_span.clone(),
            _ => self.node.visible_span(),
        };
        self.report_at(span, title, help);
    }

    /// Reports a complaint about the key.
    pub fn report_key(self, title: impl Into<String>, help: impl Into<String>) {
        let span = self.entry.map_or_else(|| self.node.visible_span(), |entry| entry.key_span.clone());
        self.report_at(span, title, help);
    }

    /// Ignores complaints about placeholders: what is missing or invalid was reported by an earlier stage.
    fn report_at(self, span: Range<usize>, title: impl Into<String>, help: impl Into<String>) {
        if self.is_present && self.node.kind != NodeKind::Invalid && !self.diagnostics.was_reported(&span) {
            self.diagnostics.report(span, title, help);
        }
    }

    /// Reports a complaint about the value unless a condition holds. Returns the condition.
    pub fn require(self, holds: bool, title: impl Into<String>, help: impl Into<String>) -> bool {
        if !holds {
            self.report(title, help);
        }
        holds
    }

    /// Returns the value for a message. Text from the environment may be secret, and is replaced by a phrase.
    pub fn quoted(self) -> String {
        match &self.node.kind {
            NodeKind::Text(text) if text.is_empty() => "empty text".into(),
            NodeKind::Text(text) => format!("`{text}`"),
            _ => "the value".into(),
        }
    }

    /// Parses a duration. Reports an invalid one and returns zero.
    pub fn duration(self, raw: &RawDuration) -> Duration {
        names::duration(&raw.0).unwrap_or_else(|| {
            self.report(format!("{} is not a duration", self.quoted()), "write it like `90s`, `15m`, `36h` or `2d`");
            Duration::ZERO
        })
    }

    /// Parses a duration, and reports one of zero.
    pub fn nonzero_duration(self, raw: &RawDuration) -> Duration {
        let duration = self.duration(raw);
        if names::duration(&raw.0) == Some(Duration::ZERO) {
            self.report("the duration is zero, with which every run would fail", "write at least `1s`");
        }
        duration
    }

    /// Returns a path of the file as an absolute path. `base` is the folder that it is relative to.
    pub fn path(self, base: &Path, raw: &Path) -> PathBuf {
        self.require(!raw.as_os_str().is_empty(), "the path is empty", "write a path relative to this file");
        base.join(raw).components().collect()
    }
}

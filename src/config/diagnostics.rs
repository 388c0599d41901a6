//! The complaints about the file. Every stage reports to the same collection, so that all complaints are shown at once
//! and in the order of the file.

use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::sync::Arc;

use crate::diagnostic::Complaint;

/// The text of the file and the complaints about it.
#[derive(Debug)]
pub struct Diagnostics {
    /// Name of the file, as the user gave it.
    pub file: String,
    /// Text of the file.
    pub text: Arc<str>,
    complaints: RefCell<Vec<Complaint>>,
    secrets: RefCell<Vec<Range<usize>>>,
    /// Number of complaints of finished stages.
    finished: Cell<usize>,
}

impl Diagnostics {
    /// Returns an empty collection for a file.
    pub fn new(file: impl Into<String>, text: impl Into<Arc<str>>) -> Self {
        let (complaints, secrets, finished) = Default::default();
        Self { file: file.into(), text: text.into(), complaints, secrets, finished }
    }

    /// Reports a complaint. A repeated title at the same span is ignored: the span of an alias (`*name`) is that of its
    /// anchor.
    pub fn report(&self, span: Range<usize>, title: impl Into<String>, help: impl Into<String>) {
        let (title, help) = (title.into(), help.into());
        let mut complaints = self.complaints.borrow_mut();
        if !complaints.iter().any(|known| known.span == span && known.title == title) {
            let (file, text) = (self.file.clone(), self.text.clone());
            complaints.push(Complaint { file, text, span, title, label: None, help: Some(help) });
        }
    }

    /// Ends a stage: later stages cannot judge the spans reported so far.
    pub fn finish_stage(&self) {
        self.finished.set(self.complaints.borrow().len());
    }

    /// Whether a finished stage reported a complaint at a span.
    pub fn was_reported(&self, span: &Range<usize>) -> bool {
        self.complaints.borrow()[..self.finished.get()].iter().any(|complaint| complaint.span == *span)
    }

    /// Redacts a span in all complaints, because it may be a secret.
    pub fn redact(&self, span: Range<usize>) {
        self.secrets.borrow_mut().push(span);
    }

    /// Whether there are no complaints.
    pub fn is_empty(&self) -> bool {
        self.complaints.borrow().is_empty()
    }

    /// Redacts the remainder of every line after a key that looks like the key of a secret. For files that cannot be
    /// parsed.
    pub fn redact_secret_lines(&self) {
        let mut start = 0;
        for line in self.text.split_inclusive('\n') {
            let lower = line.to_ascii_lowercase();
            let key = SECRET_WORDS.iter().filter_map(|word| lower.find(word)).min();
            if let Some(colon) = key.and_then(|key| line[key..].find(':').map(|colon| key + colon)) {
                self.redact(start + colon + 1..start + line.len());
            }
            start += line.len();
        }
    }

    /// Returns all complaints in the order of the file, without secrets.
    pub fn into_complaints(self) -> Vec<Complaint> {
        let mut complaints = self.complaints.into_inner();
        let secrets = self.secrets.into_inner();
        if !secrets.is_empty() {
            let text = redacted(&self.text, &secrets);
            complaints.iter_mut().for_each(|complaint| complaint.text = text.clone());
        }
        complaints.sort_by_key(|complaint| complaint.span.start);
        complaints
    }
}

/// Whether a key looks like the key of a secret. It need not be a known key.
pub fn is_secret_key(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    SECRET_WORDS.iter().any(|word| key.contains(word))
}

const SECRET_WORDS: [&str; 4] = ["pass", "pwd", "secret", "token"];

/// Replaces the characters of some spans by asterisks. All other bytes keep their offsets.
fn redacted(text: &str, spans: &[Range<usize>]) -> Arc<str> {
    let is_secret = |offset: usize| spans.iter().any(|span| span.contains(&offset));
    let mut redacted = String::with_capacity(text.len());
    for (offset, character) in text.char_indices() {
        match character {
            '\r' | '\n' => redacted.push(character),
            _ if is_secret(offset) => redacted.extend(std::iter::repeat_n('*', character.len_utf8())),
            _ => redacted.push(character),
        }
    }
    redacted.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_are_unique_and_in_the_order_of_the_file() {
        let diagnostics = Diagnostics::new("f", "a: 1\nb: 2\n");
        diagnostics.report(5..6, "second", "x");
        diagnostics.report(0..1, "first", "x");
        diagnostics.report(5..6, "second", "x");
        let titles: Vec<_> = diagnostics.into_complaints().into_iter().map(|complaint| complaint.title).collect();
        assert_eq!(titles, ["first", "second"]);
    }

    #[test]
    fn a_line_with_a_secret_key_is_redacted_after_its_colon() {
        let diagnostics = Diagnostics::new("f", "a: 1\n  비밀Password: \"x\nb: {c: 1, api_TOKEN: y\n");
        diagnostics.redact_secret_lines();
        diagnostics.report(0..1, "wrong", "x");
        let complaint = diagnostics.into_complaints().remove(0);
        assert_eq!(&*complaint.text, "a: 1\n  비밀Password:***\nb: {c: 1, api_TOKEN:**\n");
    }

    #[test]
    fn a_secret_is_redacted_in_every_complaint_and_offsets_stay() {
        let diagnostics = Diagnostics::new("f", "password: 비밀x\nb: 2\n");
        diagnostics.redact(10..17);
        diagnostics.report(18..19, "wrong", "x");
        let complaint = diagnostics.into_complaints().remove(0);
        assert_eq!(&*complaint.text, "password: *******\nb: 2\n");
        assert_eq!((complaint.line(), complaint.column()), (2, 1));
    }
}

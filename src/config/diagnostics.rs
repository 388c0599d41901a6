//! The file's text with the complaints about it. Every stage writes here, so that all of them are
//! shown at once and in the order of the file.

use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::sync::Arc;

use crate::diagnostic::Complaint;

/// The file's text with the complaints about it.
#[derive(Debug)]
pub struct Page {
    /// The file, as the user named it.
    pub file: String,
    /// Its text.
    pub text: Arc<str>,
    complaints: RefCell<Vec<Complaint>>,
    secrets: RefCell<Vec<Range<usize>>>,
    settled: Cell<usize>,
}

impl Page {
    /// A page nobody has complained about.
    pub fn new(file: impl Into<String>, text: impl Into<Arc<str>>) -> Self {
        let (complaints, secrets, settled) = Default::default();
        Self { file: file.into(), text: text.into(), complaints, secrets, settled }
    }

    /// Notes a complaint about a place. The same one about the same place is noted once: an alias
    /// (`*name`) has the place of its anchor.
    pub fn complain(
        &self,
        span: Range<usize>,
        title: impl Into<String>,
        label: Option<String>,
        help: impl Into<String>,
    ) {
        let (title, help) = (title.into(), help.into());
        let mut complaints = self.complaints.borrow_mut();
        if !complaints.iter().any(|known| known.span == span && known.title == title) {
            let (file, text) = (self.file.clone(), self.text.clone());
            complaints.push(Complaint { file, text, span, title, label, help: Some(help) });
        }
    }

    /// Ends a stage: the places complained about so far hold nothing that could be judged further.
    pub fn settle(&self) {
        self.settled.set(self.complaints.borrow().len());
    }

    /// Whether an earlier stage complained about a place.
    pub fn is_spoilt(&self, span: &Range<usize>) -> bool {
        self.complaints.borrow()[..self.settled.get()].iter().any(|complaint| complaint.span == *span)
    }

    /// Keeps a place from being shown: somebody wrote a secret into the file.
    pub fn hide(&self, span: Range<usize>) {
        self.secrets.borrow_mut().push(span);
    }

    /// Whether nobody has complained.
    pub fn is_clean(&self) -> bool {
        self.complaints.borrow().is_empty()
    }

    /// Keeps all that follows a key which sounds like a secret's from being shown, line by line: for a
    /// file whose structure could not be read.
    pub fn hide_by_sound(&self) {
        let mut start = 0;
        for line in self.text.split_inclusive('\n') {
            let lower = line.to_ascii_lowercase();
            let key = SECRETS.iter().filter_map(|word| lower.find(word)).min();
            if let Some(colon) = key.and_then(|key| line[key..].find(':').map(|colon| key + colon)) {
                self.hide(start + colon + 1..start + line.len());
            }
            start += line.len();
        }
    }

    /// All complaints, in the order of the file, without the secrets in it.
    pub fn into_complaints(self) -> Vec<Complaint> {
        let mut complaints = self.complaints.into_inner();
        let secrets = self.secrets.into_inner();
        if !secrets.is_empty() {
            let text = starred(&self.text, &secrets);
            complaints.iter_mut().for_each(|complaint| complaint.text = text.clone());
        }
        complaints.sort_by_key(|complaint| complaint.span.start);
        complaints
    }
}

/// Whether a key, known or not, looks like one of a secret.
pub fn sounds_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    SECRETS.iter().any(|word| key.contains(word))
}

const SECRETS: [&str; 4] = ["pass", "pwd", "secret", "token"];

/// The text with stars in some places; every other byte stays where it is.
fn starred(text: &str, places: &[Range<usize>]) -> Arc<str> {
    let hidden = |at: usize| places.iter().any(|place| place.contains(&at));
    let mut shown = String::with_capacity(text.len());
    for (at, character) in text.char_indices() {
        match character {
            '\r' | '\n' => shown.push(character),
            _ if hidden(at) => shown.extend(std::iter::repeat_n('*', character.len_utf8())),
            _ => shown.push(character),
        }
    }
    shown.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complaints_come_once_and_in_the_order_of_the_file() {
        let page = Page::new("f", "a: 1\nb: 2\n");
        page.complain(5..6, "second", None, "x");
        page.complain(0..1, "first", None, "x");
        page.complain(5..6, "second", None, "x");
        let titles: Vec<_> = page.into_complaints().into_iter().map(|complaint| complaint.title).collect();
        assert_eq!(titles, ["first", "second"]);
    }

    #[test]
    fn a_line_that_sounds_secret_is_hidden_from_its_colon_on() {
        let page = Page::new("f", "a: 1\n  비밀Password: \"x\nb: {c: 1, api_TOKEN: y\n");
        page.hide_by_sound();
        page.complain(0..1, "wrong", None, "x");
        let complaint = page.into_complaints().remove(0);
        assert_eq!(&*complaint.text, "a: 1\n  비밀Password:***\nb: {c: 1, api_TOKEN:**\n");
    }

    #[test]
    fn a_secret_is_hidden_in_every_complaint_and_moves_nothing() {
        let page = Page::new("f", "password: 비밀x\nb: 2\n");
        page.hide(10..17);
        page.complain(18..19, "wrong", None, "x");
        let complaint = page.into_complaints().remove(0);
        assert_eq!(&*complaint.text, "password: *******\nb: 2\n");
        assert_eq!((complaint.line(), complaint.column()), (2, 1));
    }
}

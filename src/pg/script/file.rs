//! A script file.

use std::sync::Arc;

use super::split::Statement;
use super::{header, split};
use crate::diagnostic::Complaint;

/// One SQL file, split into statements. Every quote in it is closed.
#[derive(Clone, Debug)]
pub struct Script {
    name: String,
    text: Arc<str>,
    statements: Vec<Statement>,
    in_transaction: bool,
    contexts: Vec<String>,
}

impl Script {
    /// Splits a file, or returns all complaints. `name` is the file's name in complaints.
    pub fn parse(name: impl Into<String>, text: impl Into<Arc<str>>) -> Result<Script, Vec<Complaint>> {
        let (name, text) = (name.into(), text.into());
        let (statements, mut complaints) = split::split(&name, &text);
        let header = header::read(&name, &text, statements.first(), &mut complaints);
        if header.in_transaction {
            complaints.extend(header::transaction_control(&name, &text, &statements));
        }
        if statements.is_empty() && complaints.is_empty() {
            complaints.push(Complaint {
                file: name.clone(),
                text: text.clone(),
                span: 0..0,
                title: "the file contains no statement".into(),
                label: None,
                help: Some("remove the file, or add a statement".into()),
            });
        }
        if !complaints.is_empty() {
            complaints.sort_by_key(|complaint| complaint.span.start);
            return Err(complaints);
        }
        Ok(Script { name, text, statements, in_transaction: header.in_transaction, contexts: header.contexts })
    }

    /// The file's name in complaints.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file's text.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// Its statements in order; at least one.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// Whether it runs in one transaction, unless its header says `-- devdb: transaction=none`.
    pub fn in_transaction(&self) -> bool {
        self.in_transaction
    }

    /// The contexts in which it runs (`-- devdb: context=qa,demo`); empty for all.
    pub fn contexts(&self) -> &[String] {
        &self.contexts
    }

    /// A complaint about a byte range.
    pub(super) fn complaint(&self, span: std::ops::Range<usize>, title: impl Into<String>) -> Complaint {
        let (file, text) = (self.name.clone(), self.text.clone());
        Complaint { file, text, span, title: title.into(), label: None, help: None }
    }
}

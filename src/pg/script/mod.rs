//! One SQL file: cut into statements, its variables filled in, run statement by statement, so that
//! every complaint has a file, a line and a column.
//!
//! Why not send the file whole: the server then makes it one transaction by itself, refuses `VACUUM`
//! in it, and says of a run-time error not even which statement it was.

mod error;
mod header;
mod lexer;
mod position;
mod run;
mod settings;
mod split;
mod variables;

use std::sync::Arc;

use crate::diagnostic::Complaint;

pub use error::ScriptError;
pub use lexer::words;
pub use run::{Options, Ran, run};
pub use settings::{APPLICATION_NAME, settle};
pub use split::Statement;
pub use variables::Variables;

/// One SQL file, read and cut. Its text is sound: every quote is closed, every statement is known by place.
#[derive(Clone, Debug)]
pub struct Script {
    name: String,
    text: Arc<str>,
    statements: Vec<Statement>,
    in_transaction: bool,
    contexts: Vec<String>,
}

impl Script {
    /// Cuts a file. `name` is what complaints call it. All complaints at once.
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
                title: "the file holds no statement".into(),
                label: None,
                help: Some("remove it, or write what it should do".into()),
            });
        }
        if !complaints.is_empty() {
            complaints.sort_by_key(|complaint| complaint.span.start);
            return Err(complaints);
        }
        Ok(Script { name, text, statements, in_transaction: header.in_transaction, contexts: header.contexts })
    }

    /// What complaints call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its whole text.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// Its statements in order, at least one.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// Whether it is one transaction: yes, unless its header says `-- devdb: transaction=none`.
    pub fn in_transaction(&self) -> bool {
        self.in_transaction
    }

    /// The contexts it is for (`-- devdb: context=qa,demo`); none means always.
    pub fn contexts(&self) -> &[String] {
        &self.contexts
    }

    /// Complaints about variables it uses, before anything is sent.
    pub fn check(&self, variables: &Variables) -> Vec<Complaint> {
        let fill = |statement| variables::fill(self, statement, variables).err();
        self.statements.iter().filter_map(fill).flatten().collect()
    }

    fn complaint(&self, span: std::ops::Range<usize>, title: impl Into<String>) -> Complaint {
        let (file, text) = (self.name.clone(), self.text.clone());
        Complaint { file, text, span, title: title.into(), label: None, help: None }
    }
}

//! Splits SQL into statements by psql's rule: at each `;` outside of quotes, comments, parentheses and bodies of SQL
//! functions. Statements are not parsed, so new grammar of a release does not matter.

use std::ops::Range;
use std::sync::Arc;

use squawk_lexer::{LiteralKind, TokenKind};

use super::lexer;
use crate::diagnostic::Complaint;

/// One statement of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Its byte range in the file, from its first to its last token, without the `;`.
    pub span: Range<usize>,
    /// Its first words in lower case, at most [`WORDS`], up to the first token that is not a plain word.
    pub words: Vec<String>,
}

/// Words that identify a statement such as `CREATE OR REPLACE FUNCTION` or `SET LOCAL TRANSACTION`.
const WORDS: usize = 4;

/// Returns the statements of a file, and complaints about everything that this program cannot run.
pub(super) fn split(file: &str, text: &Arc<str>) -> (Vec<Statement>, Vec<Complaint>) {
    let mut splitter = Splitter::new(file, text);
    let mut from = 0;
    // Parts that are not SQL are skipped: their quotes have no meaning.
    while let Some(end) = splitter.read(from) {
        from = end;
    }
    if !splitter.readable {
        return splitter.finish(false);
    }
    if let Some(at) = text.find('\0') {
        splitter.complain(
            at..at + 1,
            "the file contains a NUL character".into(),
            "remove it: PostgreSQL does not accept it",
        );
    }
    splitter.finish(true)
}

struct Splitter<'a> {
    file: &'a str,
    text: &'a Arc<str>,
    statements: Vec<Statement>,
    complaints: Vec<Complaint>,
    /// False once the end of quoted text is unknown.
    readable: bool,
    start: Option<usize>,
    end: usize,
    words: Vec<String>,
    /// Whether the statement so far consists of plain words.
    only_words: bool,
    parentheses: usize,
    body: Body,
    /// `FROM STDIN` or `TO STDOUT` outside of parentheses.
    stream: Option<Range<usize>>,
    /// The previous token; a word in lower case.
    previous: String,
    escape: Continuation,
}

/// The nesting in the body of an SQL function (`BEGIN ATOMIC … END`).
#[derive(Default)]
struct Body {
    depth: usize,
    /// Whether the previous word is `BEGIN`.
    begun: bool,
}

/// Whether the next literal continues an `E'…'` string: a plain `'…'` on the next line does, and its backslashes are
/// escapes. The lexer does not know this rule.
#[derive(Clone, Copy, PartialEq)]
enum Continuation {
    None,
    SameLine,
    NextLine,
}

impl<'a> Splitter<'a> {
    fn new(file: &'a str, text: &'a Arc<str>) -> Self {
        Self {
            file,
            text,
            statements: Vec::new(),
            complaints: Vec::new(),
            readable: true,
            start: None,
            end: 0,
            words: Vec::new(),
            only_words: true,
            parentheses: 0,
            body: Body::default(),
            stream: None,
            previous: String::new(),
            escape: Continuation::None,
        }
    }

    /// Reads from an offset to the next part that is not SQL, and returns the end of that part. `None` at the end of
    /// the file, or of its readable part.
    fn read(&mut self, from: usize) -> Option<usize> {
        for (kind, range) in lexer::tokens(&self.text[from..]) {
            let range = from + range.start..from + range.end;
            if let Some(what) = lexer::unclosed(kind) {
                self.complain(range.start..range.start + 1, format!("this {what} is never closed"), "close it");
                self.readable = false;
            } else if self.text[range.clone()] == *"\\" {
                return Some(self.meta_command(range.start));
            } else if let Some(end) = self.add(kind, range) {
                return self.readable.then_some(end);
            }
            if !self.readable {
                return None;
            }
        }
        None
    }

    /// Adds a token, and returns the offset to continue from if data follows that is not SQL.
    fn add(&mut self, kind: TokenKind, range: Range<usize>) -> Option<usize> {
        let text = &self.text[range.clone()];
        self.track_escape(kind, text, &range);
        if lexer::is_gap(kind) {
            return None;
        }
        if kind == TokenKind::Semi && self.parentheses == 0 && self.body.depth == 0 {
            return self.end_statement(range);
        }
        self.start.get_or_insert(range.start);
        self.end = range.end;
        match kind {
            TokenKind::OpenParen => self.parentheses += 1,
            TokenKind::CloseParen => self.parentheses = self.parentheses.saturating_sub(1),
            _ => {}
        }
        let token = if kind == TokenKind::Ident { text.to_lowercase() } else { text.to_owned() };
        if kind == TokenKind::Ident {
            self.word(&token, &range);
        } else {
            self.only_words = false;
            self.body.begun = false;
        }
        self.previous = token;
        None
    }

    fn word(&mut self, word: &str, range: &Range<usize>) {
        if self.only_words && self.words.len() < WORDS {
            self.words.push(word.to_owned());
        }
        if self.parentheses > 0 {
            return;
        }
        if matches!((self.previous.as_str(), word), ("from", "stdin") | ("to", "stdout")) {
            self.stream = Some(range.clone());
        }
        // After a dot or AS even a reserved word is a name.
        let is_name = matches!(self.previous.as_str(), "." | "as");
        let in_body = self.body.depth > 0;
        match word {
            "atomic" if self.body.begun && self.creates_routine() => self.body.depth += 1,
            "case" if in_body && !is_name => self.body.depth += 1,
            "end" if in_body && !is_name => self.body.depth -= 1,
            _ => {}
        }
        self.body.begun = word == "begin";
    }

    fn creates_routine(&self) -> bool {
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        matches!(
            words.as_slice(),
            ["create", "function" | "procedure", ..] | ["create", "or", "replace", "function" | "procedure"]
        )
    }

    /// Ends a statement, and returns the end of the data if it is a COPY with data.
    fn end_statement(&mut self, semicolon: Range<usize>) -> Option<usize> {
        let is_copy = self.words.first().is_some_and(|word| word == "copy");
        let stream = self.stream.take().filter(|_| is_copy);
        if let Some(start) = self.start.take() {
            self.statements.push(Statement { span: start..self.end, words: std::mem::take(&mut self.words) });
        }
        self.reset();
        let stream = stream?;
        self.complain(
            stream,
            "COPY with data in the file is not supported".into(),
            "write INSERT … VALUES, or load the data with another program",
        );
        // The data of COPY FROM STDIN ends at a line `\.`; without it, the end of the data is unknown.
        let rest = &self.text[semicolon.end..];
        let end = rest.find("\n\\.").map(|at| semicolon.end + at + 3);
        self.readable = end.is_some();
        Some(end.unwrap_or(self.text.len()))
    }

    fn reset(&mut self) {
        self.start = None;
        self.words.clear();
        self.only_words = true;
        self.parentheses = 0;
        self.body = Body::default();
        self.stream = None;
        self.previous.clear();
    }

    fn track_escape(&mut self, kind: TokenKind, text: &str, range: &Range<usize>) {
        self.escape = match (self.escape, kind) {
            (_, TokenKind::Literal { kind: LiteralKind::EscStr { .. } }) => Continuation::SameLine,
            (Continuation::NextLine, TokenKind::Literal { kind: LiteralKind::Str { .. } }) => {
                if text.contains('\\') {
                    self.complain(
                        range.clone(),
                        "this string continues an E'…' string of a previous line, so its backslashes are escapes"
                            .into(),
                        "write one E'…' string, or join the two with ||",
                    );
                    self.readable = false;
                }
                Continuation::NextLine
            }
            (Continuation::SameLine, kind) if lexer::is_gap(kind) && text.contains(['\n', '\r']) => {
                Continuation::NextLine
            }
            (state, kind) if lexer::is_gap(kind) => state,
            _ => Continuation::None,
        };
    }

    /// Complains about a psql command, and returns the end of its line.
    fn meta_command(&mut self, start: usize) -> usize {
        let line = self.text[start..].lines().next().unwrap_or("");
        let end = start + line.len();
        let command = line.split_whitespace().next().unwrap_or("\\").to_owned();
        let help = match command.as_str() {
            "\\i" | "\\ir" | "\\include" => "write a separate script: scripts run in the order of their numbers",
            "\\copy" => "write INSERT … VALUES, or load the data with another program",
            "\\set" => "set it in the configuration, under `variables`",
            _ => "write it in SQL",
        };
        let span = start..start + command.len();
        self.complain(span, format!("`{command}` is a psql command, not SQL"), help);
        self.reset();
        end
    }

    fn complain(&mut self, span: Range<usize>, title: String, help: &str) {
        self.complaints.push(Complaint {
            file: self.file.to_owned(),
            text: self.text.clone(),
            span,
            title,
            label: None,
            help: Some(help.to_owned()),
        });
    }

    fn finish(mut self, complete: bool) -> (Vec<Statement>, Vec<Complaint>) {
        if complete {
            // The last statement may have no `;`.
            self.end_statement(self.text.len()..self.text.len());
        }
        (self.statements, self.complaints)
    }
}

//! What a server said, without what is in its rows.
//!
//! An error's DETAIL holds row values (`Key (email)=(…) already exists`), and so can its message
//! (`invalid input syntax for type integer: "…"`, any `RAISE`). The driver's own display prints both.
//! Here a quoted word is shown only if it stands in the statement that was sent, or names a catalog
//! object in the error's own fields: what we sent is not a secret of the rows.

use std::fmt;

use tokio_postgres::error::{DbError, ErrorPosition, SqlState};

use crate::error::{Exit, Failure};

/// Result of a call to a server.
pub type Result<T> = std::result::Result<T, Error>;

/// A call to a server that failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server refused a statement or a login.
    #[error("{0}")]
    Server(Box<ServerError>),
    /// The connection was not made, or broke.
    #[error("the connection to {place} failed: {why}")]
    Connection {
        /// Host and port, or the database.
        place: String,
        /// Why.
        why: String,
    },
    /// The server that answered cannot be trusted to be the one meant.
    #[error("the server at {place} {why}")]
    Identity {
        /// Host and port.
        place: String,
        /// What it did.
        why: String,
    },
    /// A tunnel could not be opened, or ended.
    #[error("the tunnel failed: {0}")]
    Tunnel(String),
    /// The URL of a database cannot be used.
    #[error("the database's URL cannot be used: {why}")]
    Url {
        /// Why; never the URL itself, which may hold a password.
        why: String,
    },
    /// A file with certificates could not be used.
    #[error("{path}: {why}")]
    Certificates {
        /// The file.
        path: String,
        /// Why.
        why: String,
    },
    /// Programs of a PostgreSQL server are missing, or failed.
    #[error("{0}")]
    Programs(String),
}

impl Error {
    /// From the driver's error on a statement.
    pub fn of(error: tokio_postgres::Error, statement: &str) -> Self {
        match error.as_db_error() {
            Some(db) => Error::Server(Box::new(ServerError::of(db, statement))),
            None => Error::Connection { place: "the server".into(), why: crate::error::Chain(&error).to_string() },
        }
    }

    /// The SQLSTATE, when the server sent one.
    pub fn sqlstate(&self) -> Option<&str> {
        match self {
            Error::Server(error) => Some(&error.code),
            _ => None,
        }
    }

    /// Whether the server refused a statement with this SQLSTATE.
    pub fn is_state(&self, state: &SqlState) -> bool {
        self.sqlstate() == Some(state.code())
    }

    /// Whether the server refused a statement for lack of rights.
    pub fn is_permission_denied(&self) -> bool {
        self.is_state(&SqlState::INSUFFICIENT_PRIVILEGE)
    }

    /// Whether the connection is gone, as opposed to one statement.
    pub fn is_disconnect(&self) -> bool {
        match self {
            Error::Connection { .. } | Error::Tunnel(_) => true,
            // Class 57P: admin shutdown, crash shutdown, cannot connect now; class 08: connection exception.
            Error::Server(error) => error.code.starts_with("57P") || error.code.starts_with("08"),
            _ => false,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::new(Exit::Unexpected, error)
    }
}

/// A server's error without values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerError {
    /// `ERROR`, `FATAL`, …
    pub severity: String,
    /// SQLSTATE.
    pub code: String,
    /// The message with every word left out that may come from a row.
    pub message: String,
    /// Schema, table, column, type or constraint it names.
    pub object: Option<String>,
    /// Place in the statement, in characters from 1.
    pub position: Option<usize>,
    /// Line in the body of the `DO` block that failed, from 1.
    pub block_line: Option<usize>,
}

impl ServerError {
    fn of(error: &DbError, statement: &str) -> Self {
        let names: Vec<&str> = [error.schema(), error.table(), error.column(), error.datatype(), error.constraint()]
            .into_iter()
            .flatten()
            .collect();
        let raised = error.routine() == Some("exec_stmt_raise");
        let message = if raised && !statement.contains(error.message()) {
            "raised by the script with values in its text, which are not shown".to_owned()
        } else {
            redact(error.message(), |word| statement.contains(word) || names.contains(&word))
        };
        // Bytes that are no text in an encoding: a value's own.
        let states = [SqlState::CHARACTER_NOT_IN_REPERTOIRE, SqlState::UNTRANSLATABLE_CHARACTER];
        let of_bytes = states.contains(error.code());
        let message = match message.split_once(':') {
            Some((words, _)) if of_bytes => words.to_owned(),
            _ => message,
        };
        let position = match error.position() {
            Some(ErrorPosition::Original(at)) => Some(*at as usize),
            _ => None,
        };
        Self {
            severity: error.severity().to_owned(),
            code: error.code().code().to_owned(),
            message,
            object: object(error),
            position,
            block_line: error.where_().and_then(block_line),
        }
    }
}

/// The line in a `DO` block from an error's context, of which nothing else is used: it holds values.
fn block_line(context: &str) -> Option<usize> {
    let outermost = context.lines().rev().find_map(|line| line.split_once("inline_code_block line "))?;
    let digits: String = outermost.1.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

fn object(error: &DbError) -> Option<String> {
    let table = match (error.schema(), error.table()) {
        (Some(schema), Some(table)) => Some(format!("table {schema}.{table}")),
        _ => None,
    };
    let parts: Vec<String> = [
        table,
        error.column().map(|name| format!("column {name}")),
        error.datatype().map(|name| format!("type {name}")),
        error.constraint().map(|name| format!("constraint {name}")),
    ]
    .into_iter()
    .flatten()
    .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Leaves out every quoted word that `known` does not vouch for. A value may hold quotes itself, so
/// from the first unknown word on, all up to the last quote is left out. A message with quotes of
/// another language is left out whole: we could not tell where its values end.
fn redact(message: &str, known: impl Fn(&str) -> bool) -> String {
    const FOREIGN_QUOTES: [char; 12] = ['«', '»', '„', '“', '”', '‘', '’', '‹', '›', '「', '」', '‚'];
    if message.contains(FOREIGN_QUOTES) {
        return "the server's words may hold values and are not shown".to_owned();
    }
    let mut at = 0;
    while let Some(start) = message[at..].find('"').map(|found| at + found) {
        let end = message[start + 1..].find('"').map(|found| start + 1 + found);
        match end {
            Some(end) if known(&message[start + 1..end]) => at = end + 1,
            _ => {
                let last = message.rfind('"').unwrap_or(start);
                let tail = if last > start { &message[last + 1..] } else { "" };
                return format!("{}\"…\"{tail}", &message[..start]);
            }
        }
    }
    message.to_owned()
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (SQLSTATE {}", self.message, self.code)?;
        match &self.object {
            Some(object) => write!(f, ", {object})"),
            None => f.write_str(")"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_statement_are_shown_and_values_are_not() {
        let statement = "UPDATE users SET age = note::int";
        let known = |word: &str| statement.contains(word);
        assert_eq!(redact(r#"relation "users" does not exist"#, known), r#"relation "users" does not exist"#);
        assert_eq!(
            redact(r#"invalid input syntax for type integer: "kim@real.kr""#, known),
            r#"invalid input syntax for type integer: "…""#
        );
    }

    #[test]
    fn a_value_that_holds_a_quote_does_not_get_out() {
        let shown = redact(r#"invalid input syntax for type integer: "a"secret"b""#, |_| false);
        assert!(!shown.contains("secret"), "{shown}");
    }
}

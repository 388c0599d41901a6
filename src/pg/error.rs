//! Errors of a server, without row values.
//!
//! An error's DETAIL contains row values (`Key (email)=(…) already exists`), and so may its message (`invalid input
//! syntax for type integer: "…"`, any `RAISE`). The driver prints both. Here a quoted word is shown only if it occurs
//! in the statement that was sent, or in the error's fields for catalog objects.

use std::fmt;

use tokio_postgres::error::{DbError, ErrorPosition, SqlState};

use crate::error::{Exit, Failure};

use super::quote::identifier;

/// Result of a call to a server.
pub type Result<T> = std::result::Result<T, Error>;

/// A failed call to a server.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The server refused a statement.
    #[error("{0}")]
    Server(Box<ServerError>),
    /// The server refused a login.
    #[error("the login of {user} to database {database} failed: {error}")]
    Login {
        /// The role.
        user: String,
        /// The database.
        database: String,
        /// The server's error.
        error: Box<ServerError>,
    },
    /// The connection could not be opened, or broke.
    #[error("the connection to {place} failed: {why}")]
    Connection {
        /// Host and port, or the database.
        place: String,
        /// The reason.
        why: String,
    },
    /// The server may not be the expected one.
    #[error("the server at {place} {why}")]
    Identity {
        /// Host and port.
        place: String,
        /// The reason, after "the server at …".
        why: String,
    },
    /// A database is not in the state that the work needs.
    #[error("database {database} {why}")]
    Database {
        /// Name of the database.
        database: String,
        /// The reason, after "database …".
        why: String,
    },
    /// A tunnel could not be opened, or broke.
    #[error("the tunnel failed: {0}")]
    Tunnel(String),
    /// The URL of a database cannot be used.
    #[error("the database's URL cannot be used: {why}")]
    Url {
        /// The reason, without the URL, which may contain a password.
        why: String,
    },
    /// A file with certificates cannot be used.
    #[error("{path}: {why}")]
    Certificates {
        /// The file.
        path: String,
        /// The reason.
        why: String,
    },
    /// The server sent rows that are not in the binary COPY format, or not all of them.
    #[error("the server sent malformed or incomplete binary COPY data")]
    MalformedCopy,
    /// A variable of the environment is set to something that cannot be used.
    #[error("{name} is {value:?}: {why}")]
    Setting {
        /// Name of the variable.
        name: &'static str,
        /// Its value.
        value: String,
        /// The reason.
        why: String,
    },
    /// Programs of PostgreSQL are missing, or failed.
    #[error("{0}")]
    Programs(String),
}

impl Error {
    /// Converts the driver's error for a statement.
    pub fn of(error: tokio_postgres::Error, statement: &str) -> Self {
        match error.as_db_error() {
            Some(db) => Error::Server(Box::new(ServerError::of(db, statement))),
            None => Error::Connection { place: "the server".into(), why: crate::error::Chain(&error).to_string() },
        }
    }

    /// The SQLSTATE, if the server sent one.
    pub fn sqlstate(&self) -> Option<&str> {
        match self {
            Error::Server(error) | Error::Login { error, .. } => Some(&error.code),
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

    /// Whether the connection is lost, not only one statement.
    pub fn is_disconnect(&self) -> bool {
        match self {
            Error::Connection { .. } | Error::Tunnel(_) => true,
            // Class 57P: admin shutdown, crash shutdown, cannot connect now; class 08: connection exception.
            Error::Server(error) | Error::Login { error, .. } => {
                error.code.starts_with("57P") || error.code.starts_with("08")
            }
            _ => false,
        }
    }

    /// Whether further statements would fail too: the connection is lost, or the server's disk is full.
    pub fn is_fatal(&self) -> bool {
        self.is_disconnect() || self.is_state(&SqlState::DISK_FULL)
    }

    /// Converts the error of a connection that could not be opened, before anything was changed. `login` names the
    /// settings of role and password, for the remedy.
    pub fn into_refusal(self, login: &str) -> Failure {
        let remedy = match &self {
            Error::Login { .. } if self.sqlstate().is_some_and(|code| code.starts_with("28")) => {
                Some(format!("check {login}, and `pg_hba.conf` of the server"))
            }
            Error::Login { database, .. } if self.is_state(&SqlState::INVALID_CATALOG_NAME) => {
                Some(format!("name a database that exists: {database} does not"))
            }
            Error::Login { user, database, .. } if self.is_permission_denied() => {
                Some(format!("GRANT CONNECT ON DATABASE {} TO {}", identifier(database), identifier(user)))
            }
            Error::Login { .. } => Some("run again when the server accepts the login".to_owned()),
            Error::Connection { .. } => {
                Some("check host and port, and that the server accepts connections from here".to_owned())
            }
            _ => None,
        };
        let mut failure = Failure::from(self);
        if failure.exit == Exit::Unexpected {
            failure.exit = Exit::Refused;
        }
        match remedy {
            Some(remedy) => failure.hint(remedy),
            None => failure,
        }
    }
}

impl Error {
    /// The remedy, where one is known.
    pub fn remedy(&self) -> Option<String> {
        match self {
            Error::Setting { name, .. } => Some(format!("correct {name}, or unset it")),
            error if error.is_state(&SqlState::DISK_FULL) => {
                Some("free space on the server's disk or give it a larger one, then run again".to_owned())
            }
            _ => None,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let exit = match error {
            Error::Setting { .. } => Exit::Usage,
            Error::Login { .. } => Exit::Refused,
            _ => Exit::Unexpected,
        };
        let remedy = error.remedy();
        let failure = Failure::new(exit, error);
        match remedy {
            Some(remedy) => failure.hint(remedy),
            None => failure,
        }
    }
}

/// A server's error, without row values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerError {
    /// `ERROR`, `FATAL`, …
    pub severity: String,
    /// The SQLSTATE.
    pub code: String,
    /// The message without words that may come from a row.
    pub message: String,
    /// The table, column, type or constraint that the error names.
    pub object: Option<String>,
    /// Position in the statement, in characters from 1.
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
            "the script raised an error; its text may contain row values and is not shown".to_owned()
        } else {
            redact(error.message(), |word| statement.contains(word) || names.contains(&word))
        };
        // These messages end in bytes of the value.
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

/// The line in a `DO` block from an error's context. The rest of the context contains values and is not used.
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

/// Removes quoted words that are not `known`. A value may contain quotes itself, so everything from the first unknown
/// word to the last quote is removed. A message with quotes of another language is removed as a whole: the end of its
/// values is unknown.
fn redact(message: &str, known: impl Fn(&str) -> bool) -> String {
    const FOREIGN_QUOTES: [char; 12] = ['«', '»', '„', '“', '”', '‘', '’', '‹', '›', '「', '」', '‚'];
    if message.contains(FOREIGN_QUOTES) {
        return "the server's message may contain row values and is not shown".to_owned();
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
    fn words_of_the_statement_are_shown_and_values_removed() {
        let statement = "UPDATE users SET age = note::int";
        let known = |word: &str| statement.contains(word);
        assert_eq!(redact(r#"relation "users" does not exist"#, known), r#"relation "users" does not exist"#);
        assert_eq!(
            redact(r#"invalid input syntax for type integer: "kim@real.kr""#, known),
            r#"invalid input syntax for type integer: "…""#
        );
    }

    #[test]
    fn a_value_with_a_quote_is_removed() {
        let shown = redact(r#"invalid input syntax for type integer: "a"secret"b""#, |_| false);
        assert!(!shown.contains("secret"), "{shown}");
    }
}

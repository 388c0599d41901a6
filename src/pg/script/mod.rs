//! SQL scripts: a file is split into statements, its variables are replaced, and it is run statement by statement, so
//! that every complaint has a file, a line and a column.
//!
//! A file is not sent as a whole: the server would make it one transaction, refuse `VACUUM` in it, and not report which
//! statement failed at run time.

mod error;
mod file;
mod header;
mod lexer;
mod position;
mod run;
mod settings;
mod split;
#[cfg(test)]
mod split_tests;
mod variables;

pub use error::ScriptError;
pub use file::Script;
pub use lexer::words;
pub use run::{Options, Ran, run};
pub use settings::{APPLICATION_NAME, reset_session};
pub use split::Statement;
pub use variables::{Variables, check_variables};

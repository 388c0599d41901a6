//! Environment variables that stand for options. An option on the command line takes precedence, and an empty variable
//! counts as unset.

use std::path::PathBuf;

use crate::error::{Exit, Failure};

/// Returns the value of a variable; `None` if it is unset or empty.
///
/// # Errors
/// It is not UTF-8.
pub fn variable(name: &str) -> Result<Option<String>, Failure> {
    match std::env::var(name) {
        Ok(value) => Ok(Some(value).filter(|value| !value.is_empty())),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => Err(unusable(name, "not UTF-8")),
    }
}

/// Returns the path in a variable; `None` if it is unset or empty.
pub fn path_variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// Returns the failure of a variable that is set to something unusable; `why` fits after "NAME is".
pub fn unusable(name: &str, why: &str) -> Failure {
    Failure::new(Exit::Usage, format!("{name} is {why}")).hint(format!("correct {name}, or unset it"))
}

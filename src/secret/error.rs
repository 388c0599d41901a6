//! Why a secret could not be resolved or stored. None of these holds the secret.

use crate::error::{Exit, Failure};

/// Why a secret could not be resolved or stored.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The environment variable has no usable value.
    #[error("the {purpose} is configured as the environment variable {variable}, which {why}")]
    Environment {
        /// Purpose of the secret.
        purpose: String,
        /// The variable.
        variable: String,
        /// The reason.
        why: &'static str,
    },
    /// The program that prints or stores it failed.
    #[error("the program `{program}` for the {purpose} {why}")]
    Program {
        /// Purpose of the secret.
        purpose: String,
        /// The program, without its arguments.
        program: String,
        /// The reason.
        why: String,
    },
    /// The operating system provided no random numbers.
    #[error("the {purpose} could not be generated: {why}")]
    Randomness {
        /// Purpose of the secret.
        purpose: String,
        /// The reason.
        why: String,
    },
    /// RDS does not accept the master password.
    #[error("the master password {why}")]
    Master {
        /// The reason.
        why: &'static str,
    },
}

impl Error {
    fn hint(&self) -> String {
        match self {
            Error::Environment { variable, .. } => format!("set {variable}; in a workflow, under `env:` of the step"),
            Error::Program { .. } => {
                "run the program yourself in the same environment; no shell interprets its arguments".into()
            }
            Error::Randomness { .. } => "this machine cannot generate secrets; configure `env:` or `command`".into(),
            Error::Master { .. } => {
                "RDS accepts 8 to 128 printable ASCII characters without `/`, `\"`, `@`, `'` and space; \
                 `master_password: generate` makes a valid one"
                    .into()
            }
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let hint = error.hint();
        Failure::new(Exit::Usage, error).hint(hint)
    }
}

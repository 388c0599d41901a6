//! The credentials of a forwarding program: variables of its environment.

use async_trait::async_trait;
use secrecy::SecretString;

use crate::pg::error::Result;

/// Changes to the environment that a child process inherits.
#[derive(Clone, Debug, Default)]
pub struct ChildEnvironment {
    /// Variables to set. Their values never appear in an error.
    pub set: Vec<(&'static str, SecretString)>,
    /// Variables to remove.
    pub remove: &'static [&'static str],
}

/// A source of credentials for forwarding programs.
#[async_trait]
pub trait ChildCredentials: Send + Sync {
    /// Returns the environment of one child. It is requested for each child: earlier credentials may have expired.
    ///
    /// # Errors
    /// If no credentials are available.
    async fn environment(&self) -> Result<ChildEnvironment>;
}

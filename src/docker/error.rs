//! What goes wrong with a container engine or a registry.

/// Result of a call to an engine.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A call to a container engine that failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No engine answers.
    #[error("no container engine answers at {place}: {why}")]
    Unreachable {
        /// Where it was looked for.
        place: String,
        /// Why.
        why: String,
    },
    /// Where the engine is, is said in a way that cannot be followed.
    #[error("{what}: {why}")]
    Place {
        /// What says it: a variable, a file.
        what: String,
        /// Why not.
        why: String,
    },
    /// The engine refused.
    #[error("the container engine failed to {task}: {why}")]
    Engine {
        /// What it was asked.
        task: String,
        /// What it said.
        why: String,
    },
    /// Credentials of a registry could not be had.
    #[error("no credentials for {registry}: {why}")]
    Credentials {
        /// The registry.
        registry: String,
        /// Why.
        why: String,
    },
}

impl Error {
    /// The remedy, where there is a known one.
    pub fn hint(&self) -> Option<String> {
        match self {
            Error::Unreachable { .. } => {
                Some("start the engine (docker or podman), or name its socket in DOCKER_HOST".into())
            }
            Error::Credentials { registry, .. } => Some(format!("run: docker login {registry}")),
            _ => None,
        }
    }
}

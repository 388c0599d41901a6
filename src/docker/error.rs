//! Errors of a container engine or a registry.

/// Result of a call to an engine.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A call to a container engine that failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No engine responds.
    #[error("no container engine responds at {place}: {why}")]
    Unreachable {
        /// Address, or the sockets that were tried.
        place: String,
        /// Reason.
        why: String,
    },
    /// A setting or a file cannot be used.
    #[error("{origin}: {why}")]
    Config {
        /// Variable, context or file.
        origin: String,
        /// Reason.
        why: String,
    },
    /// A request to the engine failed.
    #[error("the container engine failed to {task}: {why}")]
    Engine {
        /// What the request was to do.
        task: String,
        /// Message of the engine.
        why: String,
    },
    /// Credentials of a registry could not be obtained.
    #[error("no credentials for {registry}: {why}")]
    Credentials {
        /// Registry.
        registry: String,
        /// Reason.
        why: String,
    },
}

impl Error {
    /// Returns the remedy, if one is known.
    pub fn hint(&self) -> Option<String> {
        match self {
            Error::Unreachable { .. } => {
                Some("start the engine (docker or podman), or set DOCKER_HOST to its socket".into())
            }
            Error::Config { origin, .. } => Some(format!("correct {origin}; a variable can also be unset")),
            Error::Credentials { registry, .. } => Some(format!("run: docker login {registry}")),
            _ => None,
        }
    }
}

//! The connection to the engine.

use std::time::Duration;

use crate::trace;

use super::endpoint;
use super::error::{Error, Result};

/// Time limit of the first response of the engine.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Time limit of a request: stopping or committing a container with much data takes long.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(3600);

/// A container engine that responds.
pub struct Engine {
    pub(super) docker: bollard::Docker,
}

impl Engine {
    /// Connects to the engine of this machine: `DOCKER_HOST`, the current docker context, or a socket of docker or
    /// podman.
    ///
    /// # Errors
    /// If no engine is found, or it does not respond.
    pub async fn connect() -> Result<Engine> {
        Engine::at(&endpoint::find(&|name| std::env::var(name).ok())?).await
    }

    /// Connects to the engine at an address, such as `unix:///var/run/docker.sock`.
    ///
    /// # Errors
    /// If it does not respond.
    pub async fn at(address: &str) -> Result<Engine> {
        let unreachable = |why: String| Error::Unreachable { place: address.to_owned(), why };
        let docker = bollard::Docker::connect_with_host(address).map_err(|error| unreachable(error.to_string()))?;
        let request = trace::docker("SystemVersion", docker.negotiate_version());
        let docker = tokio::time::timeout(CONNECT_TIMEOUT, request)
            .await
            .map_err(|_| unreachable(format!("no response within {} seconds", CONNECT_TIMEOUT.as_secs())))?
            .map_err(|error| unreachable(crate::error::Chain(&error).to_string()))?
            .with_timeout(REQUEST_TIMEOUT);
        Ok(Engine { docker })
    }
}

/// Sends one request. `operation` is its name in the engine's API, `task` what fails with it.
pub(super) async fn send<T>(
    operation: &'static str,
    task: &str,
    request: impl Future<Output = std::result::Result<T, bollard::errors::Error>>,
) -> Result<T> {
    trace::docker(operation, request).await.map_err(|error| engine_error(task, &error))
}

/// The result of a removal: the absence of what is removed counts as success.
pub(super) fn removed<T>(task: &str, result: std::result::Result<T, bollard::errors::Error>) -> Result<()> {
    match result {
        Ok(_) => Ok(()),
        Err(error) if status_code(&error) == Some(404) => Ok(()),
        Err(error) => Err(engine_error(task, &error)),
    }
}

/// Returns the HTTP status of an error response.
pub(super) fn status_code(error: &bollard::errors::Error) -> Option<u16> {
    match error {
        bollard::errors::Error::DockerResponseServerError { status_code, .. } => Some(*status_code),
        _ => None,
    }
}

fn engine_error(task: &str, error: &bollard::errors::Error) -> Error {
    let why = match error {
        bollard::errors::Error::DockerResponseServerError { message, .. } => message.trim().to_owned(),
        other => crate::error::Chain(other).to_string(),
    };
    Error::Engine { task: task.to_owned(), why }
}

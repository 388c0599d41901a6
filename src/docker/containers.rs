//! Containers.

use std::collections::HashMap;
use std::time::Duration;

use bollard::models::{ContainerCreateBody, ContainerSummary, HostConfig, PortBinding};
use bollard::query_parameters::{
    CreateContainerOptions, ListContainersOptionsBuilder, LogsOptionsBuilder, RemoveContainerOptionsBuilder,
    StartContainerOptions, StopContainerOptionsBuilder,
};
use futures_util::TryStreamExt as _;

use crate::trace;

use super::client::{Engine, removed, send, status_code};
use super::error::{Error, Result};

/// How to start a container.
#[derive(Clone, Debug, Default)]
pub struct ContainerSpec {
    /// Image, by name or id.
    pub image: String,
    /// Environment variables.
    pub env: Vec<(String, String)>,
    /// Arguments; `None` for those of the image.
    pub command: Option<Vec<String>>,
    /// Labels.
    pub labels: HashMap<String, String>,
    /// Port in the container that is published on a free port of 127.0.0.1.
    pub port: u16,
    /// Signal that stops it, such as `SIGINT`.
    pub stop_signal: String,
}

/// A started container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// Id.
    pub id: String,
    /// Published port on 127.0.0.1.
    pub port: u16,
}

impl Engine {
    /// Creates and starts a container; removes it again if it does not start.
    ///
    /// # Errors
    /// Those of the engine.
    pub async fn start(&self, spec: &ContainerSpec) -> Result<Container> {
        let task = format!("start a container of {}", spec.image);
        let create = self.docker.create_container(None::<CreateContainerOptions>, create_body(spec));
        let id = send("ContainerCreate", &task, create).await?.id;
        match self.start_created(&id, spec.port, &task).await {
            Ok(port) => Ok(Container { id, port }),
            Err(error) => {
                // The first error is the one to report; a container that remains is found by its labels.
                let _ = self.remove(&id).await;
                Err(error)
            }
        }
    }

    /// Starts a created container and returns its published port.
    async fn start_created(&self, id: &str, port: u16, task: &str) -> Result<u16> {
        send("ContainerStart", task, self.docker.start_container(id, None::<StartContainerOptions>)).await?;
        let found = send("ContainerInspect", task, self.docker.inspect_container(id, None)).await?;
        let ports = found.network_settings.and_then(|network| network.ports).unwrap_or_default();
        let bindings = ports.get(&tcp(port)).and_then(Option::as_ref);
        let published =
            bindings.and_then(|all| all.first()).and_then(|binding| binding.host_port.as_ref()?.parse().ok());
        published.ok_or_else(|| Error::Engine {
            task: task.to_owned(),
            why: format!("port {} was not published", tcp(port)),
        })
    }

    /// Returns the exit code of a container; `None` while it runs.
    ///
    /// # Errors
    /// Those of the engine.
    pub async fn exit_code(&self, id: &str) -> Result<Option<i64>> {
        let request = self.docker.inspect_container(id, None);
        let state = send("ContainerInspect", "inspect a container", request).await?.state.unwrap_or_default();
        Ok(if state.running == Some(true) { None } else { Some(state.exit_code.unwrap_or_default()) })
    }

    /// Returns the log of a container.
    ///
    /// # Errors
    /// Those of the engine.
    pub async fn log(&self, id: &str) -> Result<String> {
        let options = LogsOptionsBuilder::default().stdout(true).stderr(true).build();
        let lines = self.docker.logs(id, Some(options));
        let text = lines.try_fold(String::new(), |text, line| async move { Ok(text + &line.to_string()) });
        send("ContainerLogs", "read a container's log", text).await
    }

    /// Stops a container and returns its exit code. After `timeout` it is killed.
    ///
    /// # Errors
    /// Those of the engine.
    pub async fn stop(&self, id: &str, timeout: Duration) -> Result<i64> {
        let seconds = i32::try_from(timeout.as_secs()).unwrap_or(i32::MAX);
        let options = StopContainerOptionsBuilder::default().t(seconds).build();
        send("ContainerStop", "stop a container", self.docker.stop_container(id, Some(options))).await?;
        Ok(self.exit_code(id).await?.unwrap_or_default())
    }

    /// Removes a container, running or not, with its volumes. A missing container counts as removed.
    ///
    /// # Errors
    /// Those of the engine.
    pub async fn remove(&self, id: &str) -> Result<()> {
        const TASK: &str = "remove a container";
        for _ in 0..100 {
            let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
            match trace::docker("ContainerDelete", self.docker.remove_container(id, Some(options))).await {
                // A removal is in progress. It is awaited, because until it ends the image is in use.
                Err(error) if status_code(&error) == Some(409) => tokio::time::sleep(Duration::from_millis(50)).await,
                result => return removed(TASK, result),
            }
        }
        Err(Error::Engine { task: TASK.into(), why: "its removal is in progress, but does not end".into() })
    }

    /// Returns all containers with a label, `name` or `name=value`.
    pub(super) async fn containers(&self, label: &str) -> Result<Vec<ContainerSummary>> {
        let filters: HashMap<&str, Vec<&str>> = [("label", vec![label])].into();
        let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
        send("ContainerList", "list containers", self.docker.list_containers(Some(options))).await
    }
}

fn create_body(spec: &ContainerSpec) -> ContainerCreateBody {
    let binding = PortBinding { host_ip: Some("127.0.0.1".into()), host_port: None };
    ContainerCreateBody {
        image: Some(spec.image.clone()),
        env: Some(spec.env.iter().map(|(name, value)| format!("{name}={value}")).collect()),
        cmd: spec.command.clone(),
        labels: Some(spec.labels.clone()),
        stop_signal: Some(spec.stop_signal.clone()),
        exposed_ports: Some(vec![tcp(spec.port)]),
        host_config: Some(HostConfig {
            port_bindings: Some([(tcp(spec.port), Some(vec![binding]))].into()),
            // PostgreSQL's processes share memory; 64 MB are too little for a parallel index build.
            shm_size: Some(256 << 20),
            ..HostConfig::default()
        }),
        ..ContainerCreateBody::default()
    }
}

fn tcp(port: u16) -> String {
    format!("{port}/tcp")
}

//! The engine itself: containers with a database in them, and images made of these.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use bollard::auth::DockerCredentials;
use bollard::models::{ContainerConfig, ContainerCreateBody, ContainerSummary, HostConfig, ImageSummary, PortBinding};
use bollard::query_parameters::{
    CommitContainerOptionsBuilder, CreateContainerOptions, CreateImageOptionsBuilder, ListContainersOptionsBuilder,
    ListImagesOptionsBuilder, LogsOptionsBuilder, PushImageOptionsBuilder, RemoveContainerOptionsBuilder,
    RemoveImageOptions, StartContainerOptions, StopContainerOptionsBuilder, TagImageOptionsBuilder,
};
use futures_util::{Stream, StreamExt};
use secrecy::ExposeSecret;

use super::credentials::Login;
use super::endpoint;
use super::error::{Error, Result};
use super::image::Image;
use super::run::{RUN, RunMark, is_dead};

/// Time in which a request that was cut off is carried out by the engine.
const SETTLE: Duration = Duration::from_millis(300);
/// Time to wait for the image of a commit that was cut off; a cancelled run has 7 s in all.
const PATIENCE: Duration = Duration::from_secs(5);
/// Time for the engine to answer at all.
const ANSWER: Duration = Duration::from_secs(10);

/// A container engine that answers.
pub struct Engine {
    docker: bollard::Docker,
}

/// What a container is started with.
#[derive(Clone, Debug, Default)]
pub struct Spec {
    /// The image, by name or id.
    pub image: String,
    /// Variables.
    pub env: Vec<(String, String)>,
    /// Arguments instead of the image's own; none keeps these.
    pub command: Option<Vec<String>>,
    /// Labels.
    pub labels: HashMap<String, String>,
    /// The port inside that is published on a free port of 127.0.0.1.
    pub port: u16,
    /// The signal that asks it to end, such as `SIGINT`.
    pub stop_signal: String,
}

/// A container that was started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// Its id.
    pub id: String,
    /// The port on 127.0.0.1 that leads into it.
    pub port: u16,
}

impl Engine {
    /// Connects to the engine of this machine: `DOCKER_HOST`, the current docker context, a socket of docker
    /// or podman.
    ///
    /// # Errors
    /// When none is named, or it does not answer.
    pub async fn connect() -> Result<Engine> {
        Engine::at(&endpoint::find(&|name| std::env::var(name).ok())?).await
    }

    /// Connects to the engine at an address, such as `unix:///var/run/docker.sock`.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn at(place: &str) -> Result<Engine> {
        let unreachable = |why: String| Error::Unreachable { place: place.to_owned(), why };
        let docker = bollard::Docker::connect_with_host(place).map_err(|error| unreachable(error.to_string()))?;
        let answer = tokio::time::timeout(ANSWER, docker.negotiate_version()).await;
        let docker = answer
            .map_err(|_| unreachable(format!("no answer within {} seconds", ANSWER.as_secs())))?
            .map_err(|error| unreachable(crate::error::Chain(&error).to_string()))?
            // Stopping a server that writes much takes its time, and so does committing a big one.
            .with_timeout(Duration::from_secs(3600));
        Ok(Engine { docker })
    }

    /// Whether an image of this name is here that devdb has not made.
    pub async fn has_foreign(&self, image: &str) -> bool {
        let labels = self.docker.inspect_image(image).await.ok().map(|found| found.config.and_then(|it| it.labels));
        labels.is_some_and(|labels| !labels.unwrap_or_default().contains_key(RUN))
    }

    /// Whether an image is here, without pulling it.
    pub async fn has(&self, image: &str) -> bool {
        self.docker.inspect_image(image).await.is_ok()
    }

    /// The arguments that an image starts with; pulls it when it is not there.
    ///
    /// # Errors
    /// When it is neither there nor can be pulled.
    pub async fn command_of(&self, image: &str, login: Option<&Login>) -> Result<Vec<String>> {
        if !self.has(image).await {
            let options = CreateImageOptionsBuilder::default().from_image(image).build();
            let pull = self.docker.create_image(Some(options), None, login.map(wire));
            drain(pull, &format!("pull {image}")).await?;
        }
        let found = self.docker.inspect_image(image).await.map_err(engine(&format!("find the image {image}")))?;
        Ok(found.config.and_then(|config| config.cmd).unwrap_or_default())
    }

    /// Starts a container.
    ///
    /// # Errors
    /// What the engine says. What was made then is removed.
    pub async fn start(&self, spec: &Spec) -> Result<Container> {
        let port = format!("{}/tcp", spec.port);
        let binding = PortBinding { host_ip: Some("127.0.0.1".into()), host_port: None };
        let body = ContainerCreateBody {
            image: Some(spec.image.clone()),
            env: Some(spec.env.iter().map(|(name, value)| format!("{name}={value}")).collect()),
            cmd: spec.command.clone(),
            labels: Some(spec.labels.clone()),
            stop_signal: Some(spec.stop_signal.clone()),
            exposed_ports: Some(vec![port.clone()]),
            host_config: Some(HostConfig {
                port_bindings: Some([(port.clone(), Some(vec![binding]))].into()),
                // PostgreSQL shares memory between its processes; 64 MB are too little to build an index in parallel.
                shm_size: Some(256 << 20),
                ..HostConfig::default()
            }),
            ..ContainerCreateBody::default()
        };
        let task = format!("start a container of {}", spec.image);
        let made = self.docker.create_container(None::<CreateContainerOptions>, body).await.map_err(engine(&task))?;
        let started = async {
            self.docker.start_container(&made.id, None::<StartContainerOptions>).await.map_err(engine(&task))?;
            let seen = self.docker.inspect_container(&made.id, None).await.map_err(engine(&task))?;
            let ports = seen.network_settings.and_then(|network| network.ports).unwrap_or_default();
            let published = ports.get(&port).and_then(Option::as_ref).and_then(|all| all.first());
            let published = published.and_then(|binding| binding.host_port.as_ref()?.parse().ok());
            published.ok_or_else(|| Error::Engine { task: task.clone(), why: format!("port {port} was not published") })
        };
        match started.await {
            Ok(port) => Ok(Container { id: made.id, port }),
            Err(error) => {
                // The first error is the one to tell; what stays is found by its labels.
                let _ = self.remove(&made.id).await;
                Err(error)
            }
        }
    }

    /// The exit code of a container that has ended; none while it runs.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn ended(&self, id: &str) -> Result<Option<i64>> {
        let seen = self.docker.inspect_container(id, None).await.map_err(engine("look at a container"))?;
        let state = seen.state.unwrap_or_default();
        Ok(if state.running == Some(true) { None } else { Some(state.exit_code.unwrap_or_default()) })
    }

    /// All that a container has written.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn log(&self, id: &str) -> Result<String> {
        let options = LogsOptionsBuilder::default().stdout(true).stderr(true).build();
        let mut lines = std::pin::pin!(self.docker.logs(id, Some(options)));
        let mut text = String::new();
        while let Some(line) = lines.next().await {
            text.push_str(&line.map_err(engine("read a container's log"))?.to_string());
        }
        Ok(text)
    }

    /// Asks a container to end and waits; answers its exit code. After `patience` it is killed.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn stop(&self, id: &str, patience: Duration) -> Result<i64> {
        let seconds = i32::try_from(patience.as_secs()).unwrap_or(i32::MAX);
        let options = StopContainerOptionsBuilder::default().t(seconds).build();
        self.docker.stop_container(id, Some(options)).await.map_err(engine("stop a container"))?;
        Ok(self.ended(id).await?.unwrap_or_default())
    }

    /// Makes an image of a container; answers the image's id. `env` and `command` replace the container's.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn commit(
        &self,
        id: &str,
        env: &[(String, String)],
        command: &[String],
        labels: &HashMap<String, String>,
    ) -> Result<String> {
        let config = ContainerConfig {
            env: Some(env.iter().map(|(name, value)| format!("{name}={value}")).collect()),
            cmd: Some(command.to_vec()),
            labels: Some(labels.clone()),
            ..ContainerConfig::default()
        };
        let options = CommitContainerOptionsBuilder::default().container(id).pause(false).build();
        let made = self.docker.commit_container(options, config).await.map_err(engine("commit a container"))?;
        Ok(made.id)
    }

    /// Gives an image a name. An older one of ours that had it is removed, unless a container uses it.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn tag(&self, id: &str, image: &Image) -> Result<()> {
        let old = self.docker.inspect_image(&image.to_string()).await.ok();
        let options = TagImageOptionsBuilder::default().repo(&image.repository).tag(&image.tag).build();
        self.docker.tag_image(id, Some(options)).await.map_err(engine(&format!("tag {image}")))?;
        let Some((old, config)) = old.and_then(|old| old.id.zip(old.config)) else { return Ok(()) };
        let ours = config.labels.is_some_and(|labels| labels.contains_key(RUN));
        if ours && old != id {
            // It may have a second name, or be in use: then it stays.
            let _ = self.remove_image(&old).await;
        }
        Ok(())
    }

    /// Pushes an image to its registry; answers its digest there (`sha256:…`).
    ///
    /// # Errors
    /// What the engine or the registry says.
    pub async fn push(&self, image: &Image, login: Option<&Login>) -> Result<String> {
        let options = PushImageOptionsBuilder::default().tag(&image.tag).build();
        let task = format!("push {image}");
        let push = self.docker.push_image(&image.repository, Some(options), login.map(wire));
        drain(push, &task).await?;
        let seen = self.docker.inspect_image(&image.to_string()).await.map_err(engine(&task))?;
        let digests = seen.repo_digests.unwrap_or_default();
        let ours = format!("{}@", image.repository);
        let digest = digests.iter().find_map(|digest| digest.strip_prefix(&ours));
        digest.map(str::to_owned).ok_or(Error::Engine { task, why: "the registry named no digest".into() })
    }

    /// Removes a container with its volumes, whether it runs or not. One that is gone is fine.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn remove(&self, id: &str) -> Result<()> {
        let task = "remove a container";
        for _ in 0..100 {
            let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
            match self.docker.remove_container(id, Some(options)).await {
                // Somebody else is removing it, which is to be waited for: until then its image is in use.
                Err(bollard::errors::Error::DockerResponseServerError { status_code: 409, .. }) => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                done => return gone_is_fine(done, task),
            }
        }
        Err(Error::Engine { task: task.into(), why: "it is being removed, but does not go".into() })
    }

    /// Removes an image by id or name. One that is gone is fine.
    ///
    /// # Errors
    /// What the engine says, for example that somebody uses it.
    pub async fn remove_image(&self, image: &str) -> Result<()> {
        let done = self.docker.remove_image(image, None::<RemoveImageOptions>, None).await;
        gone_is_fine(done.map(drop), "remove an image")
    }

    /// Removes all containers and unnamed images that a run has started. `committing` says that a commit was
    /// cut off: the engine carries it out all the same, and its image is waited for. Answers whether
    /// nothing can follow.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn remove_run(&self, run: &RunMark, committing: bool) -> Result<bool> {
        let label = format!("{RUN}={}", run.id());
        let (mut images, began) = (0, Instant::now());
        loop {
            for container in self.containers(&label).await? {
                if let Some(id) = container.id {
                    self.remove(&id).await?;
                }
            }
            for image in self.unnamed(&label).await? {
                self.remove_image(&image.id).await?;
                images += 1;
            }
            let settled = began.elapsed() > SETTLE && (!committing || images > 0);
            if settled || began.elapsed() > PATIENCE {
                return Ok(settled);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn containers(&self, label: &str) -> Result<Vec<ContainerSummary>> {
        let filters: HashMap<&str, Vec<&str>> = [("label", vec![label])].into();
        let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
        self.docker.list_containers(Some(options)).await.map_err(engine("list containers"))
    }

    async fn unnamed(&self, label: &str) -> Result<Vec<ImageSummary>> {
        let filters: HashMap<&str, Vec<&str>> = [("label", vec![label]), ("dangling", vec!["true"])].into();
        let options = ListImagesOptionsBuilder::default().filters(&filters).digests(true).build();
        let mut images = self.docker.list_images(Some(options)).await.map_err(engine("list images"))?;
        // One that was pulled by its digest has no tag, and is somebody's.
        images.retain(|image| image.repo_digests.iter().all(|digest| digest.starts_with("<none>")));
        Ok(images)
    }

    /// Removes containers and unnamed images of runs that are dead; answers how many.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn remove_leftovers(&self) -> Result<usize> {
        let now = jiff::Timestamp::now().as_second();
        let mut removed = 0;
        for container in self.containers(RUN).await? {
            let (labels, created) = (container.labels.unwrap_or_default(), container.created.unwrap_or(now));
            if let Some(id) = container.id.filter(|_| is_dead(&labels, created, now)) {
                self.remove(&id).await?;
                removed += 1;
            }
        }
        for image in self.unnamed(RUN).await? {
            // An older sample whose name went to a newer one; a container may use it, and then it stays.
            if is_dead(&image.labels, image.created, now) && self.remove_image(&image.id).await.is_ok() {
                removed += 1;
            }
        }
        Ok(removed)
    }
}

/// Credentials as the API wants them.
fn wire(login: &Login) -> DockerCredentials {
    let secret = login.password.expose_secret().to_owned();
    match &login.user {
        Some(user) => {
            DockerCredentials { username: Some(user.clone()), password: Some(secret), ..DockerCredentials::default() }
        }
        None => DockerCredentials { identitytoken: Some(secret), ..DockerCredentials::default() },
    }
}

/// Reads what the engine tells of a long task to its end.
async fn drain<T>(told: impl Stream<Item = std::result::Result<T, bollard::errors::Error>>, task: &str) -> Result<()> {
    let mut told = std::pin::pin!(told);
    while let Some(one) = told.next().await {
        one.map_err(engine(task))?;
    }
    Ok(())
}

fn engine(task: &str) -> impl Fn(bollard::errors::Error) -> Error {
    move |error| Error::Engine { task: task.to_owned(), why: words(&error) }
}

fn words(error: &bollard::errors::Error) -> String {
    match error {
        bollard::errors::Error::DockerResponseServerError { message, .. } => message.trim().to_owned(),
        other => crate::error::Chain(other).to_string(),
    }
}

fn gone_is_fine(done: std::result::Result<(), bollard::errors::Error>, task: &str) -> Result<()> {
    match done {
        Err(bollard::errors::Error::DockerResponseServerError { status_code: 404, .. }) => Ok(()),
        other => other.map_err(engine(task)),
    }
}

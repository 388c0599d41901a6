//! The PostgreSQL server in a container: started for a load, and shut down so that it starts without recovery.

use std::time::{Duration, Instant};

use secrecy::{ExposeSecret, SecretString};

use super::settings::ImageSettings;
use crate::docker::{Container, ContainerSpec, Engine, RunMark};
use crate::pg::tunnel::Dial;
use crate::pg::{Credentials, Session, Trust, connect, identifier, literal};
use crate::sample::load::LoadTarget;
use crate::sample::load::error::{Error, Result};

/// The data directory, outside the volumes that the postgres images declare: `/var/lib/postgresql/data`, and
/// `/var/lib/postgresql` since 18.
const PGDATA: &str = "/var/lib/devdb/pgdata";
/// The time until the server accepts a login, with the creation of its cluster.
const START_TIMEOUT: Duration = Duration::from_secs(180);
/// The time for a shutdown with its checkpoint.
const STOP_TIMEOUT: Duration = Duration::from_secs(600);
/// The settings during a load. Durability does not matter, because a build that fails starts over; little WAL is written
/// and none is recycled.
const LOAD_SETTINGS: [&str; 9] = [
    "wal_level=minimal",
    "max_wal_senders=0",
    "fsync=off",
    "full_page_writes=off",
    "autovacuum=off",
    "archive_mode=off",
    "checkpoint_timeout=1h",
    "max_wal_size=8GB",
    "wal_recycle=off",
];
/// The memory for index builds of all sessions together, in megabytes.
const MAINTENANCE_MEMORY: usize = 256;
/// The least memory for index builds of one session, in megabytes.
const MIN_MAINTENANCE_MEMORY: usize = 32;

/// Starts and stops the servers of one build.
pub(super) struct LoadServer<'a> {
    pub(super) engine: &'a Engine,
    pub(super) settings: &'a ImageSettings,
    pub(super) run: &'a RunMark,
}

/// Returns the environment of a container or an image.
pub(super) fn environment(settings: &ImageSettings, password: String) -> Vec<(String, String)> {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    vec![
        pair("PGDATA", PGDATA),
        pair("POSTGRES_USER", &settings.user),
        pair("POSTGRES_PASSWORD", &password),
        pair("POSTGRES_DB", &settings.database),
    ]
}

impl LoadServer<'_> {
    /// Starts a new cluster for a load, with a random password. Waits until it accepts a login.
    pub(super) async fn start(&self, image: &str, command: &[String]) -> Result<(Container, LoadTarget)> {
        let password = format!("{:032x}", rand::random::<u128>());
        let memory = (MAINTENANCE_MEMORY / self.settings.jobs.max(1)).max(MIN_MAINTENANCE_MEMORY);
        let memory = format!("maintenance_work_mem={memory}MB");
        let settings = LOAD_SETTINGS.iter().copied().chain([memory.as_str()]);
        let settings = settings.flat_map(|setting| ["-c".to_owned(), setting.to_owned()]);
        let command = command.iter().cloned().chain(settings).collect();
        let env = environment(self.settings, password.clone());
        self.run_image(image, env, command, &password.into()).await
    }

    /// Starts a container and waits until its server accepts a login.
    pub(super) async fn run_image(
        &self,
        image: &str,
        env: Vec<(String, String)>,
        command: Vec<String>,
        password: &SecretString,
    ) -> Result<(Container, LoadTarget)> {
        let spec = ContainerSpec {
            image: image.to_owned(),
            env,
            command: Some(command),
            labels: self.run.labels(),
            port: 5432,
            stop_signal: "SIGINT".into(),
        };
        let container = self.engine.start(&spec).await?;
        let target = LoadTarget {
            host: "127.0.0.1".into(),
            port: container.port,
            dial: Dial { address: ([127, 0, 0, 1], container.port).into(), server_name: None },
            trust: Trust::load(None)?,
            credentials: Credentials { user: self.settings.user.clone(), password: password.clone() },
            database: self.settings.database.clone(),
        };
        self.wait(&container, &target).await?;
        Ok((container, target))
    }

    /// Waits until the server accepts a login. An open port proves nothing: the engine's port forwarder accepts connections
    /// before the server does, and the image first starts a server for its own initialization.
    async fn wait(&self, container: &Container, target: &LoadTarget) -> Result<()> {
        let started = Instant::now();
        loop {
            let error = match open(target).await {
                Ok(_) => return Ok(()),
                Err(error) => error,
            };
            let ended = self.engine.exit_code(&container.id).await?;
            if ended.is_some() || started.elapsed() > START_TIMEOUT {
                let log = self.engine.log(&container.id).await.unwrap_or_default();
                let last = log.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("nothing").to_owned();
                let state = ended.map_or(format!("not ready after {} s: {error}", START_TIMEOUT.as_secs()), |code| {
                    format!("exited with code {code}")
                });
                return Err(Error::Mismatch {
                    what: "the database server in the container".into(),
                    expected: "a login".into(),
                    found: format!("{state}; last log line: {last}"),
                });
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Sets the password of the image, writes a checkpoint and shuts the server down.
    pub(super) async fn shut_down(&self, container: &Container, target: &LoadTarget) -> Result<()> {
        let session = open(target).await?;
        let password = literal(self.settings.password.expose_secret());
        session.run(&format!("ALTER ROLE {} PASSWORD {password}", identifier(&self.settings.user))).await?;
        session.run("CHECKPOINT").await?;
        drop(session);
        let code = self.engine.stop(&container.id, STOP_TIMEOUT).await?;
        let log = self.engine.log(&container.id).await?;
        if code != 0 || !log.contains("database system is shut down") {
            let what = "shutdown of the server in the container".into();
            return Err(Error::Mismatch {
                what,
                expected: "a clean shutdown".into(),
                found: format!("exit code {code}"),
            });
        }
        Ok(())
    }
}

/// Opens a session with default settings.
pub(super) async fn open(target: &LoadTarget) -> Result<Session> {
    Ok(connect(&target.dial, &target.trust, &target.credentials, &target.database).await?)
}

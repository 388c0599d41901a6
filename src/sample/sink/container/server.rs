//! The PostgreSQL server in a container: started for a load, stopped so that it starts without recovery.

use std::time::{Duration, Instant};

use secrecy::{ExposeSecret, SecretString};

use super::Settings;
use crate::docker::{Container, Engine, RunMark, Spec};
use crate::pg::tunnel::Dial;
use crate::pg::{Credentials, Session, Trust, connect, identifier, literal};
use crate::sample::load::Target;
use crate::sample::load::error::{Error, Result};

/// Where the data is: below no volume that a postgres image declares (`/var/lib/postgresql/data`, and
/// `/var/lib/postgresql` from 18 on).
const PGDATA: &str = "/var/lib/devdb/pgdata";
/// Time for the server to let somebody in; it may have to make its cluster first.
const START: Duration = Duration::from_secs(180);
/// Time for it to write everything and end.
const STOP: Duration = Duration::from_secs(600);
/// How the server runs while it is loaded: nobody else reads it, and a crash means to begin anew. Little log
/// is written, and none of it is kept for later.
const LOADING: [&str; 9] = [
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
/// Megabytes for building indexes, of all sessions together; and the least that one of them gets.
const BUILDING: (usize, usize) = (256, 32);

/// What a server is started and stopped with.
pub(super) struct Server<'a> {
    pub(super) engine: &'a Engine,
    pub(super) settings: &'a Settings,
    pub(super) run: &'a RunMark,
}

/// Variables of a container or an image.
pub(super) fn environment(settings: &Settings, password: String) -> Vec<(String, String)> {
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    vec![
        pair("PGDATA", PGDATA),
        pair("POSTGRES_USER", &settings.user),
        pair("POSTGRES_PASSWORD", &password),
        pair("POSTGRES_DB", &settings.database),
    ]
}

impl Server<'_> {
    /// Starts a new cluster for a load, with a password that nobody knows. Waits until it lets us in.
    pub(super) async fn start(&self, image: &str, command: &[String]) -> Result<(Container, Target)> {
        let password = format!("{:032x}", rand::random::<u128>());
        let each = (BUILDING.0 / self.settings.jobs.max(1)).max(BUILDING.1);
        let building = format!("maintenance_work_mem={each}MB");
        let settings = LOADING.iter().copied().chain([building.as_str()]);
        let settings = settings.flat_map(|setting| ["-c".to_owned(), setting.to_owned()]);
        let command = command.iter().cloned().chain(settings).collect();
        let env = environment(self.settings, password.clone());
        self.run_image(image, env, command, &password.into()).await
    }

    /// Starts a container and waits until its server lets us in.
    pub(super) async fn run_image(
        &self,
        image: &str,
        env: Vec<(String, String)>,
        command: Vec<String>,
        password: &SecretString,
    ) -> Result<(Container, Target)> {
        let spec = Spec {
            image: image.to_owned(),
            env,
            command: Some(command),
            labels: self.run.labels(),
            port: 5432,
            stop_signal: "SIGINT".into(),
        };
        let container = self.engine.start(&spec).await?;
        let target = Target {
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

    /// The engine's forwarder accepts before the server does, and the image starts a server for itself first,
    /// which listens to nobody: only a login proves that it is there.
    async fn wait(&self, container: &Container, target: &Target) -> Result<()> {
        let began = Instant::now();
        loop {
            let error = match open(target).await {
                Ok(_) => return Ok(()),
                Err(error) => error,
            };
            let ended = self.engine.ended(&container.id).await?;
            if ended.is_some() || began.elapsed() > START {
                let log = self.engine.log(&container.id).await.unwrap_or_default();
                let last = log.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("nothing").to_owned();
                let state = ended.map_or(format!("not ready after {} s: {error}", START.as_secs()), |code| {
                    format!("it ended with {code}")
                });
                return Err(Error::Differs {
                    what: "the database server in the container".into(),
                    expected: "a login".into(),
                    found: format!("{state}; its last words: {last}"),
                });
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Sets the password that the image is to have, writes everything out and stops the server.
    pub(super) async fn finish(&self, container: &Container, target: &Target) -> Result<()> {
        let session = open(target).await?;
        let password = literal(self.settings.password.expose_secret());
        session.run(&format!("ALTER ROLE {} PASSWORD {password}", identifier(&self.settings.user))).await?;
        session.run("CHECKPOINT").await?;
        drop(session);
        let code = self.engine.stop(&container.id, STOP).await?;
        let log = self.engine.log(&container.id).await?;
        if code != 0 || !log.contains("database system is shut down") {
            let what = "the end of the server in the container".into();
            return Err(Error::Differs {
                what,
                expected: "a clean shutdown".into(),
                found: format!("exit code {code}"),
            });
        }
        Ok(())
    }
}

/// A plain session.
pub(super) async fn open(target: &Target) -> Result<Session> {
    Ok(connect(&target.dial, &target.trust, &target.credentials, &target.database).await?)
}

//! A sample as a container image: a database is loaded in a container, the server stopped cleanly, the
//! container committed, the image started once more and held against the manifest; only then it gets its
//! name, and is pushed.
//!
//! The data lives outside the volume that the official image declares: a commit leaves volumes out, and
//! the image would come up empty.

mod server;
mod verify;

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};

use secrecy::{ExposeSecret, SecretString};

use crate::docker::{Container, Engine, Image, RegistryLogin, RunMark, login};
use crate::event::{Event, Listener};
use crate::sample::load::error::{Error, Result};
use crate::sample::load::{Loaded, Rows, load_own};
use crate::sample::manifest::Manifest;
use crate::sample::schema::Schema;
use server::Server;

/// The step that events of making an image are of.
pub const STEP: &str = "container";

/// What image to make.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Its name.
    pub image: Image,
    /// The image to start from; `postgres:<the source's major version>` without one.
    pub base: Option<String>,
    /// The superuser in it.
    pub user: String,
    /// Whose password this is, when the image is done. Whoever has the image has the data: it is no secret.
    pub password: SecretString,
    /// The database in it.
    pub database: String,
    /// Streams at a time while loading.
    pub jobs: usize,
    /// Whether it is pushed.
    pub push: bool,
    /// What it is to be known by: snapshot, hashes of configuration and seeds. Each becomes a label `devdb.NAME`.
    pub labels: BTreeMap<String, String>,
}

/// An image that was made.
#[derive(Clone, Debug)]
pub struct Made {
    /// Its id on this machine.
    pub id: String,
    /// Its digest in the registry, when it was pushed: `sha256:…`.
    pub digest: Option<String>,
    /// What is in it.
    pub manifest: Manifest,
    /// How the load went.
    pub loaded: Loaded,
}

/// Makes an image of a sample. `logins` are asked in order for credentials of registries. Ends early when
/// `interrupt` ends. Whatever was started for it is removed, however this ends; what a killed run has left,
/// the next one removes.
///
/// # Errors
/// What the engine or the registry says. When only the push failed, the image is there by its name.
pub async fn write<R: Rows + ?Sized>(
    rows: &R,
    schema: &Schema,
    engine: &Engine,
    settings: &Settings,
    logins: &[&dyn RegistryLogin],
    listener: &dyn Listener,
    interrupt: impl Future<Output = ()> + Send,
) -> Result<Made> {
    let removed = engine.remove_leftovers().await?;
    if removed > 0 {
        let message = format!("containers and images of runs that were killed: {removed} removed");
        listener.on_event(&Event::Noted { step: STEP, message });
    }
    let run = RunMark::begin()?;
    let committing = AtomicBool::new(false);
    let work = Work { rows, schema, engine, settings, logins, run: &run, committing, listener };
    let done = tokio::select! {
        done = work.all() => done,
        () = interrupt => Err(Error::Interrupted),
    };
    let cut_off = work.committing.load(Ordering::Relaxed);
    match engine.remove_run(&run, cut_off).await {
        Ok(true) => run.end(),
        // The run's file stays without a lock, and the next run finds what has its mark.
        Ok(false) => {}
        Err(error) => listener.on_event(&Event::Warning { message: format!("{error}; the next run tries again") }),
    }
    done
}

/// Sees that the image is there to start from: the one that is asked for, or `postgres:<major>`. Answers its name and the
/// arguments that it starts with.
///
/// # Errors
/// When it is neither there nor can be pulled.
pub async fn pull(
    engine: &Engine,
    base: Option<&str>,
    major: u32,
    logins: &[&dyn RegistryLogin],
) -> Result<(String, Vec<String>)> {
    let base = base.map_or_else(|| format!("postgres:{major}"), str::to_owned);
    let login = match Image::parse(&base) {
        // One that is here needs nobody's credentials.
        Ok(image) if !engine.has(&base).await => login(logins, image.registry()).await?,
        _ => None,
    };
    let command = engine.command_of(&base, login.as_ref()).await?;
    Ok((base, command))
}

struct Work<'a, R: Rows + ?Sized> {
    rows: &'a R,
    schema: &'a Schema,
    engine: &'a Engine,
    settings: &'a Settings,
    logins: &'a [&'a dyn RegistryLogin],
    run: &'a RunMark,
    /// A commit is on its way.
    committing: AtomicBool,
    listener: &'a dyn Listener,
}

impl<R: Rows + ?Sized> Work<'_, R> {
    async fn all(&self) -> Result<Made> {
        let base = self.settings.base.as_deref();
        let (base, command) = pull(self.engine, base, self.rows.major(), self.logins).await?;
        let server = Server { engine: self.engine, settings: self.settings, run: self.run };
        self.tell(format!("starting {base}"));
        let (container, target) = server.start(&base, &command).await?;
        let loaded = load_own(self.rows, self.schema, &target, self.settings.jobs, self.listener).await?;
        let manifest = Manifest::of(self.rows, self.schema, &loaded.tables, self.settings.labels.clone());
        self.tell("stopping the server cleanly".into());
        server.finish(&container, &target).await?;
        let id = self.commit(&container, &command, &manifest).await?;
        self.engine.remove(&container.id).await?;
        self.tell("starting the image once more to count its rows".into());
        verify::verify(&server, &id, &command, &manifest).await?;
        self.engine.tag(&id, &self.settings.image).await?;
        let digest = if self.settings.push { Some(self.push().await?) } else { None };
        Ok(Made { id, digest, manifest, loaded })
    }

    /// Commits with the variables and the arguments that the image is to start with, not those of the load.
    async fn commit(&self, container: &Container, command: &[String], manifest: &Manifest) -> Result<String> {
        let password = self.settings.password.expose_secret().to_owned();
        let env = server::environment(self.settings, password);
        self.committing.store(true, Ordering::Relaxed);
        let id = self.engine.commit(&container.id, &env, command, &labels(manifest)).await;
        self.committing.store(false, Ordering::Relaxed);
        Ok(id?)
    }

    async fn push(&self) -> Result<String> {
        let image = &self.settings.image;
        self.tell(format!("pushing {image}"));
        let login = login(self.logins, image.registry()).await?;
        Ok(self.engine.push(image, login.as_ref()).await?)
    }

    fn tell(&self, message: String) {
        self.listener.on_event(&Event::Progress { step: STEP, message });
    }
}

/// What an image says of itself: enough to know what is in it without starting it.
fn labels(manifest: &Manifest) -> HashMap<String, String> {
    let tables: BTreeMap<String, u64> = manifest
        .tables
        .iter()
        .filter(|table| table.rows > 0)
        .map(|table| (format!("{}.{}", table.schema, table.table), table.rows))
        .collect();
    let mut labels: HashMap<String, String> = [
        ("devdb.version", manifest.devdb.clone()),
        ("devdb.postgres", manifest.postgres.to_string()),
        ("devdb.schema-sha256", manifest.schema_sha256.clone()),
        ("devdb.manifest-sha256", manifest.sha256()),
        ("devdb.rows", manifest.rows().to_string()),
        ("devdb.tables", serde_json::json!(tables).to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    labels.extend(manifest.labels.iter().map(|(name, value)| (format!("devdb.{name}"), value.clone())));
    labels
}

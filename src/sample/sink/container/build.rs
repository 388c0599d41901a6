//! Building an image.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};

use secrecy::ExposeSecret;

use super::labels::labels;
use super::server::{LoadServer, environment};
use super::settings::{BuiltImage, ImageSettings, STEP};
use super::verify::verify;
use crate::docker::{Container, Engine, Image, RegistryLogin, RunMark, login};
use crate::event::{Event, Listener};
use crate::sample::load::error::{Error, Result};
use crate::sample::load::{Rows, load_into_own_server};
use crate::sample::manifest::Manifest;
use crate::sample::schema::Schema;

/// Builds an image of a sample. `logins` are asked in order for registry credentials. Ends early when `interrupt` ends.
/// Everything that was started for the image is removed in any case; the next run removes what a killed run has left.
///
/// # Errors
/// Errors of the engine and the registry. If only the push fails, the image exists under its name.
pub async fn write<R: Rows + ?Sized>(
    rows: &R,
    schema: &Schema,
    engine: &Engine,
    settings: &ImageSettings,
    logins: &[&dyn RegistryLogin],
    listener: &dyn Listener,
    interrupt: impl Future<Output = ()> + Send,
) -> Result<BuiltImage> {
    let removed = engine.remove_orphans().await?;
    if removed > 0 {
        let message = format!("removed containers and images of interrupted runs: {removed}");
        listener.on_event(&Event::Noted { step: STEP, message });
    }
    let run = RunMark::begin()?;
    let committing = AtomicBool::new(false);
    let build = ImageBuild { rows, schema, engine, settings, logins, run: &run, committing, listener };
    let done = tokio::select! {
        done = build.run() => done,
        () = interrupt => Err(Error::Interrupted),
    };
    let was_committing = build.committing.load(Ordering::Relaxed);
    match engine.remove_run(&run, was_committing).await {
        Ok(true) => run.end(),
        // The file of this run stays without a lock, so the next run finds and removes what is left.
        Ok(false) => {}
        Err(error) => {
            listener.on_event(&Event::Warning { message: format!("{error}; the next run tries again") });
        }
    }
    done
}

/// Pulls the base image if it does not exist: `base`, or `postgres:<major>`. Returns its name and its default command.
///
/// # Errors
/// If it neither exists nor can be pulled.
pub async fn pull(
    engine: &Engine,
    base: Option<&str>,
    major: u32,
    logins: &[&dyn RegistryLogin],
) -> Result<(String, Vec<String>)> {
    let base = base.map_or_else(|| format!("postgres:{major}"), str::to_owned);
    let login = match Image::parse(&base) {
        // An image that exists needs no credentials.
        Ok(image) if !engine.has(&base).await => login(logins, image.registry()).await?,
        _ => None,
    };
    let command = engine.command_of(&base, login.as_ref()).await?;
    Ok((base, command))
}

/// The inputs of one build.
struct ImageBuild<'a, R: Rows + ?Sized> {
    rows: &'a R,
    schema: &'a Schema,
    engine: &'a Engine,
    settings: &'a ImageSettings,
    logins: &'a [&'a dyn RegistryLogin],
    run: &'a RunMark,
    /// Whether a commit request is running.
    committing: AtomicBool,
    listener: &'a dyn Listener,
}

impl<R: Rows + ?Sized> ImageBuild<'_, R> {
    async fn run(&self) -> Result<BuiltImage> {
        let base = self.settings.base.as_deref();
        let (base, command) = pull(self.engine, base, self.rows.major(), self.logins).await?;
        let server = LoadServer { engine: self.engine, settings: self.settings, run: self.run };
        self.progress(format!("starting {base}"));
        let (container, target) = server.start(&base, &command).await?;
        let loaded = load_into_own_server(self.rows, self.schema, &target, self.settings.jobs, self.listener).await?;
        let manifest = Manifest::of(self.rows, self.schema, &loaded.tables, self.settings.labels.clone());
        self.progress("shutting down the server".into());
        server.shut_down(&container, &target).await?;
        let id = self.commit(&container, &command, &manifest).await?;
        self.engine.remove(&container.id).await?;
        self.progress("starting the image to count its rows".into());
        verify(&server, &id, &command, &manifest).await?;
        self.engine.tag(&id, &self.settings.image).await?;
        let digest = if self.settings.push { Some(self.push().await?) } else { None };
        Ok(BuiltImage { id, digest, manifest, loaded })
    }

    /// Commits the container with the environment and command of the image instead of those of the load.
    async fn commit(&self, container: &Container, command: &[String], manifest: &Manifest) -> Result<String> {
        let password = self.settings.password.expose_secret().to_owned();
        let env = environment(self.settings, password);
        self.committing.store(true, Ordering::Relaxed);
        let id = self.engine.commit(&container.id, &env, command, &labels(manifest)).await;
        self.committing.store(false, Ordering::Relaxed);
        Ok(id?)
    }

    async fn push(&self) -> Result<String> {
        let image = &self.settings.image;
        self.progress(format!("pushing {image}"));
        let login = login(self.logins, image.registry()).await?;
        Ok(self.engine.push(image, login.as_ref()).await?)
    }

    fn progress(&self, message: String) {
        self.listener.on_event(&Event::Progress { step: STEP, message });
    }
}

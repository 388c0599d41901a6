//! The destination of a sample: opened and checked before anything is read, so that an hour of reading is not lost to
//! a destination that refuses.

use std::path::Path;

use crate::docker::{DockerConfig, Engine, Image, RegistryLogin, login};
use crate::error::{Exit, Failure};
use crate::pg::Url;
use crate::pg::tunnel::{Transport, Tunnel};
use crate::platform::aws::Ecr;
use crate::sample::conflict::Retries;
use crate::sample::load::error::Error;
use crate::sample::load::{self, LoadGuard, LoadTarget};
use crate::sample::sink::{archive, container};
use crate::sample::{self, Spool, TableCopy, is_conflict, private_dir};
use crate::step::Step;

use super::guard::{guard, remote_host};
use super::request::{Goal, Sink};
use super::source::OpenSource;
use super::task::SampleTask;

/// The open destination of a sample.
pub(super) enum Destination<'a> {
    Archive(&'a Path),
    Database { url: &'a Url, target: Box<OpenTarget> },
    Container { image: &'a Image, engine: Engine, logins: Box<RegistryLogins> },
}

/// A database with its open connection path and its guard.
pub(super) struct OpenTarget {
    pub target: LoadTarget,
    pub guard: LoadGuard,
    /// Keeps the path open.
    _tunnel: Tunnel,
}

/// The sources of registry credentials.
pub(super) struct RegistryLogins {
    ecr: Ecr,
    docker: DockerConfig,
}

impl RegistryLogins {
    /// Returns the sources in the order in which they are asked.
    pub(super) fn all(&self) -> [&dyn RegistryLogin; 2] {
        [&self.ecr, &self.docker]
    }
}

impl SampleTask<'_> {
    /// Opens the destination and checks what does not depend on the source. Returns `None` if nothing is written.
    pub(super) async fn open_destination(&self) -> Result<Option<Destination<'_>>, Failure> {
        let Goal::Write(sink) = &self.request.goal else { return Ok(None) };
        Spool::check(&private_dir::large_temp_dir()?)?;
        Ok(Some(match sink {
            Sink::Archive(path) => self.open_archive(path)?,
            Sink::Database(url) => self.open_database(url).await?,
            Sink::Container(image) => self.open_engine(image).await?,
        }))
    }

    fn open_archive<'a>(&self, path: &'a Path) -> Result<Destination<'a>, Failure> {
        if !self.request.replace && path.symlink_metadata().is_ok() {
            return Err(Failure::new(Exit::Refused, format!("{} already exists", path.display()))
                .hint("choose another path, or pass --replace to replace it"));
        }
        archive::check(path, true).map_err(|error| {
            let failure = Failure { exit: Exit::Refused, ..error.into() };
            failure.hint("choose another path for the archive")
        })?;
        Ok(Destination::Archive(path))
    }

    async fn open_database<'a>(&self, url: &'a Url) -> Result<Destination<'a>, Failure> {
        let mut guard = guard(self.config, self.sample);
        guard.production.extend(self.request.from.iter().filter_map(|from| remote_host(&from.route().host)));
        guard.check_name(url).map_err(Error::from)?;
        let (_tunnel, target) = LoadTarget::open(url, &Transport::Direct).await?;
        Ok(Destination::Database { url, target: Box::new(OpenTarget { target, guard, _tunnel }) })
    }

    async fn open_engine<'a>(&self, image: &'a Image) -> Result<Destination<'a>, Failure> {
        let engine = match &self.sample.engine {
            Some(address) => Engine::at(address).await,
            None => Engine::connect().await,
        };
        let engine = engine.map_err(Error::Engine)?;
        if !self.request.replace && engine.has_foreign(&image.to_string()).await {
            return Err(Failure::new(Exit::Refused, format!("image {image} exists and was not created by devdb"))
                .hint("choose another tag, or pass --replace to move this one to the sample"));
        }
        let ecr = Ecr::connect(Some(self.target)).await?;
        let logins = RegistryLogins { ecr, docker: DockerConfig::of_user() };
        Ok(Destination::Container { image, engine, logins: Box::new(logins) })
    }

    /// Checks what depends on the source, before any row is read.
    pub(super) async fn check_destination<'d>(
        &self,
        mut destination: Destination<'d>,
        source: &OpenSource,
        major: u32,
    ) -> Result<Destination<'d>, Failure> {
        match &mut destination {
            Destination::Archive(_) => {}
            Destination::Database { target, .. } => {
                target.guard.source = Some(source.server.clone());
                let tables = self.tables(source).await?;
                load::check(&tables, major, &target.target, &target.guard, self.request.replace).await?;
            }
            Destination::Container { image, engine, logins } => {
                let step = Step::begin(self.listener, "image", "find the base image");
                let base = self.sample.image.as_deref();
                let (base, _) = container::pull(engine, base, major, &logins.all()).await?;
                step.done(base);
                if self.request.push {
                    login(&logins.all(), image.registry()).await.map_err(Error::Engine)?;
                }
            }
        }
        Ok(destination)
    }

    /// Returns the tables that the sample will have. Retries if a standby cancels the catalog query.
    async fn tables(&self, source: &OpenSource) -> Result<Vec<TableCopy>, Failure> {
        let mut retries = Retries::new();
        loop {
            match sample::check(&source.source, self.sample, &self.target.masking.references).await {
                Err(sample::SampleError::Source(error))
                    if is_conflict(&error) && retries.warn(self.listener, &error) => {}
                done => return Ok(done?),
            }
        }
    }
}

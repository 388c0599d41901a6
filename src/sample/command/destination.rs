//! Handing a sample to where it goes, and telling what is there now.

use std::collections::BTreeMap;
use std::path::Path;

use crate::docker::{DockerConfig, Engine, Image, RegistryLogin, login};
use crate::error::{Exit, Failure};
use crate::event::{Event, Fact};
use crate::pg::Url;
use crate::pg::tunnel::{Gate, Tunnel};
use crate::platform::aws::Ecr;
use crate::sample::load::error::Error;
use crate::sample::load::{self, Guard, Options, Target};
use crate::sample::schema::Schema;
use crate::sample::sink::{archive, container};
use crate::sample::{self, ATTEMPTS, Spool, TableCopy, is_conflict, private_dir};
use crate::step::Step;
use crate::units::{counted, size};

use super::load::{amount, elsewhere, guard, tell};
use super::request::{Goal, Sink};
use super::source::Origin;
use super::{Interrupt, Task, interrupted};

/// Who logs in to the database of an image, and by which password. Whoever has the image has the data: it is
/// no secret.
const IN_IMAGE: (&str, &str) = ("postgres", "postgres");

/// A place that was looked at before anything was read: an hour's work for a place that is refused would be lost.
pub(super) enum Place<'a> {
    Archive(&'a Path),
    Database { url: &'a Url, there: Box<OpenTarget> },
    Container { image: &'a Image, engine: Engine, logins: Box<Logins> },
}

/// A database on its server, and whether it may be written to.
pub(super) struct OpenTarget {
    target: Target,
    guard: Guard,
    /// Keeps the way open.
    _tunnel: Tunnel,
}

/// Who logs in to registries.
pub(super) struct Logins {
    ecr: Ecr,
    docker: DockerConfig,
}

impl Logins {
    /// In the order in which they are asked.
    fn all(&self) -> [&dyn RegistryLogin; 2] {
        [&self.ecr, &self.docker]
    }
}

/// What is written.
pub(super) struct SampleOutput<'a> {
    pub rows: &'a Spool,
    pub schema: &'a Schema,
    pub labels: BTreeMap<String, String>,
    /// What the database is called that they are from.
    pub database: String,
}

impl Task<'_> {
    /// Looks at the place that the sample goes to; none when it goes nowhere.
    pub(super) async fn place(&self) -> Result<Option<Place<'_>>, Failure> {
        let Goal::Write(into) = &self.ask.goal else { return Ok(None) };
        Spool::check(&private_dir::folder())?;
        Ok(Some(match into {
            Sink::Archive(path) => {
                if !self.ask.replace && path.symlink_metadata().is_ok() {
                    return Err(Failure::new(Exit::Refused, format!("{} is there already", path.display()))
                        .hint("name another place, or pass --replace to have it replaced"));
                }
                archive::check(path, true)?;
                Place::Archive(path)
            }
            Sink::Database(url) => {
                let mut guard = guard(self.config, self.sample);
                guard.production.extend(self.ask.from.iter().filter_map(|from| elsewhere(&from.route().host)));
                guard.check_name(url).map_err(Error::from)?;
                let (_tunnel, target) = Target::open(url, &Gate::Direct).await?;
                Place::Database { url, there: Box::new(OpenTarget { target, guard, _tunnel }) }
            }
            Sink::Container(image) => {
                let engine = match &self.sample.engine {
                    Some(place) => Engine::at(place).await,
                    None => Engine::connect().await,
                };
                let engine = engine.map_err(Error::Engine)?;
                if !self.ask.replace && engine.has_foreign(&image.to_string()).await {
                    return Err(Failure::new(Exit::Refused, format!("{image} is an image that devdb has not made"))
                        .hint("take another tag, or pass --replace to give it to the sample"));
                }
                let ecr = Ecr::connect(Some(self.target)).await?;
                Place::Container { image, engine, logins: Box::new(Logins { ecr, docker: DockerConfig::of_user() }) }
            }
        }))
    }

    /// Asks a place all that it can be asked before there is a sample, now that it is known where the rows come from.
    pub(super) async fn ready<'p>(
        &self,
        mut place: Place<'p>,
        origin: &Origin,
        major: u32,
    ) -> Result<Place<'p>, Failure> {
        match &mut place {
            Place::Archive(_) => {}
            Place::Database { there, .. } => {
                there.guard.origin = Some(origin.server.clone());
                let tables = self.tables(origin).await?;
                load::check(&tables, major, &there.target, &there.guard, self.ask.replace).await?;
            }
            Place::Container { image, engine, logins } => {
                let step = Step::begin(self.listener, "image", "find the image to start from, or pull it");
                let base = self.sample.image.as_deref();
                let (base, _) = container::pull(engine, base, major, &logins.all()).await?;
                step.done(base);
                if self.ask.push {
                    login(&logins.all(), image.registry()).await.map_err(Error::Engine)?;
                }
            }
        }
        Ok(place)
    }

    /// The tables that there will be. A standby may have to end even a look at them.
    async fn tables(&self, origin: &Origin) -> Result<Vec<TableCopy>, Failure> {
        let mut attempt = 1;
        loop {
            match sample::check(&origin.source, self.sample, &self.target.masking.references).await {
                Err(sample::Error::Source(error)) if is_conflict(&error) && attempt < ATTEMPTS => attempt += 1,
                done => return Ok(done?),
            }
        }
    }

    pub(super) async fn write(
        &self,
        place: &Place<'_>,
        parcel: SampleOutput<'_>,
        interrupt: Interrupt<'_>,
    ) -> Result<(), Failure> {
        match place {
            Place::Archive(path) => self.archive(path, parcel, interrupt).await,
            Place::Database { url, there } => self.database(url, there, parcel, interrupt).await,
            Place::Container { image, engine, logins } => {
                self.container(image, engine, &logins.all(), parcel, interrupt).await
            }
        }
    }

    async fn archive(
        &self,
        path: &Path,
        parcel: SampleOutput<'_>,
        mut interrupt: Interrupt<'_>,
    ) -> Result<(), Failure> {
        let step = Step::begin(self.listener, "archive", format!("write {}", path.display()));
        let SampleOutput { rows, schema, labels, .. } = parcel;
        let (jobs, replace) = (self.sample.jobs, self.ask.replace);
        let manifest = tokio::select! {
            done = archive::write(rows, schema, path, labels, jobs, replace, self.listener) => done?,
            () = &mut interrupt => return Err(interrupted()),
        };
        let bytes = manifest.tables.iter().map(|table| table.bytes).sum();
        step.done(format!("{}, {}, in {}", counted(manifest.rows(), "row"), size(bytes), path.display()));
        self.tell(vec![
            Fact::new("archive", path.display().to_string()),
            Fact::new("manifest", format!("sha256:{}", manifest.sha256())),
            Fact::new("load", format!("devdb load {} --into database://USER@HOST/DATABASE", path.display())),
        ]);
        Ok(())
    }

    async fn database(
        &self,
        url: &Url,
        there: &OpenTarget,
        parcel: SampleOutput<'_>,
        interrupt: Interrupt<'_>,
    ) -> Result<(), Failure> {
        let step = Step::begin(self.listener, load::STEP, format!("load it into {}", url.place()));
        let options = Options { jobs: self.sample.jobs, replace: self.ask.replace };
        let SampleOutput { rows, schema, .. } = parcel;
        let loaded = load::load(rows, schema, &there.target, &there.guard, options, self.listener, interrupt).await?;
        tell(&step, &loaded);
        step.done(format!("{}, in {}", amount(&loaded), url.place()));
        self.tell(vec![Fact::new("connect", psql(url))]);
        Ok(())
    }

    async fn container(
        &self,
        image: &Image,
        engine: &Engine,
        logins: &[&dyn RegistryLogin],
        parcel: SampleOutput<'_>,
        interrupt: Interrupt<'_>,
    ) -> Result<(), Failure> {
        let step = Step::begin(self.listener, container::STEP, format!("make the image {image}"));
        let SampleOutput { rows, schema, labels, database } = parcel;
        let settings = container::Settings {
            image: image.clone(),
            base: self.sample.image.clone(),
            user: IN_IMAGE.0.to_owned(),
            password: IN_IMAGE.1.to_owned().into(),
            database: database.clone(),
            jobs: self.sample.jobs,
            push: self.ask.push,
            labels,
        };
        let made = container::write(rows, schema, engine, &settings, logins, self.listener, interrupt).await?;
        tell(&step, &made.loaded);
        let pushed = if made.digest.is_some() { ", pushed" } else { "" };
        step.done(format!("{}, in {image}{pushed}", amount(&made.loaded)));
        let mut facts = vec![Fact::new("image", format!("{image} ({})", made.id))];
        facts.extend(
            made.digest.iter().map(|digest| Fact::new("pull", format!("docker pull {}@{digest}", image.repository))),
        );
        facts.push(Fact::new("run", format!("docker run --rm -p 127.0.0.1:5432:5432 {image}")));
        let (user, password) = IN_IMAGE;
        facts.push(Fact::new("connect", format!("psql postgres://{user}:{password}@127.0.0.1:5432/{database}")));
        self.tell(facts);
        Ok(())
    }

    fn tell(&self, facts: Vec<Fact>) {
        self.listener.on_event(&Event::Facts { title: "The sample is there:".to_owned(), facts });
    }
}

/// How a person comes to a database.
pub(super) fn psql(url: &Url) -> String {
    let route = url.route();
    format!("psql postgres://{}@{}:{}/{}", url.credentials().user, route.host, route.port, url.database())
}

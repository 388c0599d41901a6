//! Handing a sample to where it goes, and telling what is there now.

use std::collections::BTreeMap;
use std::path::Path;

use crate::docker::{DockerConfig, Engine, Image};
use crate::error::Failure;
use crate::event::{Event, Fact};
use crate::pg::Url;
use crate::pg::tunnel::Gate;
use crate::platform::aws::Ecr;
use crate::rotate::run::{Step, size};
use crate::sample::load::error::Error;
use crate::sample::load::{self, Copied, Loaded, Options, Target};
use crate::sample::schema::Schema;
use crate::sample::sink::{archive, container};
use crate::sample::{Extract as _, Extraction, TableCopy};

use super::ask::Into;
use super::origin::Origin;
use super::{Broken, Interrupt, Task, interrupted};

/// Who logs in to the database of an image, and by which password. Whoever has the image has the data: it is
/// no secret.
const IN_IMAGE: (&str, &str) = ("postgres", "postgres");

impl Task<'_> {
    pub(super) async fn write(
        &self,
        into: &Into,
        extraction: &Extraction,
        schema: &Schema,
        labels: BTreeMap<String, String>,
        origin: &Origin,
        interrupt: Interrupt<'_>,
    ) -> Result<(), Broken> {
        match into {
            Into::Archive(path) => self.archive(path, extraction, schema, labels, interrupt).await,
            Into::Database(url) => self.database(url, extraction, schema, origin, interrupt).await,
            Into::Container(image) => self.container(image, extraction, schema, labels, interrupt).await,
        }
    }

    async fn archive(
        &self,
        path: &Path,
        extraction: &Extraction,
        schema: &Schema,
        labels: BTreeMap<String, String>,
        mut interrupt: Interrupt<'_>,
    ) -> Result<(), Broken> {
        let step = Step::begin(self.listener, "archive", format!("write {}", path.display()));
        let jobs = self.sample.jobs;
        let work = archive::write(extraction, schema, path, labels, jobs, self.ask.replace, self.listener);
        let manifest = tokio::select! {
            done = work => done?,
            () = &mut interrupt => {
                extraction.cancel().await;
                return Err(interrupted().into());
            }
        };
        let copied = manifest.tables.iter().map(|table| (table.copy(), table.bytes));
        let (rows, bytes) = self.tell_tables(copied);
        step.done(format!("{rows} rows, {}: {}", size(bytes), path.display()));
        let load = format!("devdb load {} --into database://USER@HOST/DATABASE", path.display());
        self.tell(
            "The sample is there:",
            vec![
                Fact::new("archive", path.display().to_string()),
                Fact::new("manifest", format!("sha256:{}", manifest.sha256())),
                Fact::new("load it", load),
            ],
        );
        Ok(())
    }

    async fn database(
        &self,
        url: &Url,
        extraction: &Extraction,
        schema: &Schema,
        origin: &Origin,
        interrupt: Interrupt<'_>,
    ) -> Result<(), Broken> {
        let step = Step::begin(self.listener, load::STEP, format!("load it into {}", url.place()));
        let mut guard = super::guard(self.config, self.sample);
        if let Some(from) = &self.ask.from {
            guard.production.extend(super::elsewhere(&from.route().host));
        }
        guard.origin = Some(load::Origin::read(&origin.session().await?, !origin.is_scrubbed).await?);
        let (_tunnel, target) = Target::open(url, &Gate::Direct).await?;
        let options = Options { jobs: self.sample.jobs, replace: self.ask.replace };
        let loaded = load::load(extraction, schema, &target, &guard, options, self.listener, interrupt).await?;
        let (rows, bytes) = self.tell_loaded(&step, extraction.tables(), &loaded);
        step.done(format!("{rows} rows, {}, in {}", size(bytes), url.place()));
        self.tell("The sample is there:", vec![Fact::new("connect", psql(url))]);
        Ok(())
    }

    async fn container(
        &self,
        image: &Image,
        extraction: &Extraction,
        schema: &Schema,
        labels: BTreeMap<String, String>,
        interrupt: Interrupt<'_>,
    ) -> Result<(), Broken> {
        let step = Step::begin(self.listener, container::STEP, format!("make the image {image}"));
        let engine = match &self.sample.engine {
            Some(place) => Engine::at(place).await,
            None => Engine::connect().await,
        };
        let engine = engine.map_err(Error::Engine)?;
        let database = extraction.source_url_for_dump().database.clone();
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
        let (ecr, docker) = (Ecr::connect(Some(self.target)).await.map_err(Failure::from)?, DockerConfig::of_user());
        let logins: [&dyn crate::docker::RegistryLogin; 2] = [&ecr, &docker];
        let made = container::write(extraction, schema, &engine, &settings, &logins, self.listener, interrupt).await?;
        let (rows, bytes) = self.tell_loaded(&step, extraction.tables(), &made.loaded);
        let pushed = if made.digest.is_some() { ", pushed" } else { "" };
        step.done(format!("{rows} rows, {}, in {image}{pushed}", size(bytes)));
        let mut facts = vec![Fact::new("image", format!("{image} ({})", made.id))];
        if let Some(digest) = &made.digest {
            facts.push(Fact::new("pull", format!("docker pull {}@{digest}", image.repository)));
        }
        facts.push(Fact::new("run", format!("docker run --rm -p 127.0.0.1:5432:5432 {image}")));
        facts.push(Fact::new(
            "connect",
            format!("psql postgres://{}:{}@127.0.0.1:5432/{database}", IN_IMAGE.0, IN_IMAGE.1),
        ));
        self.tell("The sample is there:", facts);
        Ok(())
    }

    fn tell_loaded(&self, step: &Step<'_>, tables: &[TableCopy], loaded: &Loaded) -> (u64, u64) {
        for sentence in loaded.left_out.sentences().into_iter().chain(loaded.notes.iter().cloned()) {
            step.note(sentence);
        }
        let with =
            |(table, copied): (&TableCopy, &Copied)| (TableCopy { rows: copied.rows, ..table.clone() }, copied.bytes);
        self.tell_tables(tables.iter().zip(&loaded.tables).map(with))
    }

    /// Tells of every table with rows; answers rows and bytes of all.
    fn tell_tables(&self, tables: impl Iterator<Item = (TableCopy, u64)>) -> (u64, u64) {
        super::fill::tell_tables(self.listener, tables)
    }

    fn tell(&self, title: &str, facts: Vec<Fact>) {
        self.listener.hear(&Event::Facts { title: title.to_owned(), facts });
    }
}

/// How a person comes to a database.
pub(super) fn psql(url: &Url) -> String {
    let route = url.route();
    format!("psql postgres://{}@{}:{}/{}", url.credentials().user, route.host, route.port, url.database())
}

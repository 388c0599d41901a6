//! Writing a sample to its destination.

use std::collections::BTreeMap;
use std::path::Path;

use crate::docker::{Engine, Image, RegistryLogin};
use crate::error::Failure;
use crate::event::Fact;
use crate::pg::Url;
use crate::sample::Spool;
use crate::sample::load::{self, LoadOptions};
use crate::sample::schema::Schema;
use crate::sample::sink::{archive, container};
use crate::step::Step;
use crate::units::{counted, size};

use super::destination::{Destination, OpenTarget};
use super::failure::interrupted;
use super::loaded::{CREATED, amount, note_skipped, psql};
use super::task::{Interrupt, SampleTask};

/// User and password of the database in an image. Whoever has the image has the data: the password is no secret.
const IMAGE_LOGIN: (&str, &str) = ("postgres", "postgres");

/// A sample that is ready to be written.
pub(super) struct SampleOutput<'a> {
    pub rows: &'a Spool,
    pub schema: &'a Schema,
    pub labels: BTreeMap<String, String>,
    /// The name of the source's database, which the database in an image gets.
    pub database: String,
}

impl SampleTask<'_> {
    /// Writes a sample and reports how to use it.
    pub(super) async fn write(
        &self,
        destination: &Destination<'_>,
        output: SampleOutput<'_>,
        interrupt: Interrupt<'_>,
    ) -> Result<(), Failure> {
        match destination {
            Destination::Archive(path) => self.write_archive(path, output, interrupt).await,
            Destination::Database { url, target } => self.write_database(url, target, output, interrupt).await,
            Destination::Container { image, engine, logins } => {
                self.write_image(image, engine, &logins.all(), output, interrupt).await
            }
        }
    }

    async fn write_archive(
        &self,
        path: &Path,
        output: SampleOutput<'_>,
        mut interrupt: Interrupt<'_>,
    ) -> Result<(), Failure> {
        let step = Step::begin(self.listener, "archive", format!("write {}", path.display()));
        let SampleOutput { rows, schema, labels, .. } = output;
        let (jobs, replace) = (self.sample.jobs, self.request.replace);
        let manifest = tokio::select! {
            done = archive::write(rows, schema, path, labels, jobs, replace, self.listener) => done?,
            () = &mut interrupt => return Err(interrupted()),
        };
        let bytes = manifest.tables.iter().map(|table| table.bytes).sum();
        step.done(format!("{}, {} in {}", counted(manifest.rows(), "row"), size(bytes), path.display()));
        let facts = vec![
            Fact::new("archive", path.display().to_string()),
            Fact::new("manifest", format!("sha256:{}", manifest.sha256())),
            Fact::new("load", format!("devdb load {} --into database://USER@HOST/DATABASE", path.display())),
        ];
        self.report(CREATED, facts);
        Ok(())
    }

    async fn write_database(
        &self,
        url: &Url,
        target: &OpenTarget,
        output: SampleOutput<'_>,
        interrupt: Interrupt<'_>,
    ) -> Result<(), Failure> {
        let step = Step::begin(self.listener, load::STEP, format!("load into {}", url.place()));
        let options = LoadOptions { jobs: self.sample.jobs, replace: self.request.replace };
        let SampleOutput { rows, schema, .. } = output;
        let loaded = load::load(rows, schema, &target.target, &target.guard, options, self.listener, interrupt).await?;
        note_skipped(&step, &loaded);
        step.done(format!("{} into {}", amount(&loaded), url.place()));
        self.report(CREATED, vec![Fact::new("connect", psql(url))]);
        Ok(())
    }

    async fn write_image(
        &self,
        image: &Image,
        engine: &Engine,
        logins: &[&dyn RegistryLogin],
        output: SampleOutput<'_>,
        interrupt: Interrupt<'_>,
    ) -> Result<(), Failure> {
        let step = Step::begin(self.listener, container::STEP, format!("build image {image}"));
        let SampleOutput { rows, schema, labels, database } = output;
        let (user, password) = IMAGE_LOGIN;
        let settings = container::ImageSettings {
            image: image.clone(),
            base: self.sample.image.clone(),
            user: user.to_owned(),
            password: password.to_owned().into(),
            database: database.clone(),
            jobs: self.sample.jobs,
            push: self.request.push,
            labels,
        };
        let built = container::write(rows, schema, engine, &settings, logins, self.listener, interrupt).await?;
        note_skipped(&step, &built.loaded);
        let pushed = if built.digest.is_some() { ", pushed" } else { "" };
        step.done(format!("{} in {image}{pushed}", amount(&built.loaded)));
        let mut facts = vec![Fact::new("image", format!("{image} ({})", built.id))];
        if let Some(digest) = &built.digest {
            facts.push(Fact::new("pull", format!("docker pull {}@{digest}", image.repository)));
        }
        facts.push(Fact::new("run", format!("docker run --rm -p 127.0.0.1:5432:5432 {image}")));
        facts.push(Fact::new("connect", format!("psql postgres://{user}:{password}@127.0.0.1:5432/{database}")));
        self.report(CREATED, facts);
        Ok(())
    }
}

//! `devdb load`: an archive into a database.

use std::path::Path;
use std::pin::pin;

use crate::config::Config;
use crate::error::Failure;
use crate::event::{Event, Fact, Listener};
use crate::interrupt;
use crate::pg::Url;
use crate::pg::tunnel::Transport;
use crate::sample::load::error::Error;
use crate::sample::load::{self, LoadOptions, LoadTarget};
use crate::sample::sink::archive::Archive;
use crate::step::Step;
use crate::units::counted;

use super::failure::{interrupted, no_section};
use super::guard::guard;
use super::labels;
use super::loaded::{CREATED, amount, note_skipped, psql};

/// Verifies an archive and loads it into a database of `sample.targets`.
///
/// # Errors
/// If the archive is damaged, or the database may not be written to; what failed otherwise. The database is then
/// unchanged.
pub async fn load(
    config: &Config,
    path: &Path,
    url: &Url,
    replace: bool,
    listener: &dyn Listener,
) -> Result<(), Failure> {
    let Some(sample) = &config.sample else { return Err(no_section()) };
    let mut interrupt = pin!(interrupt::signal());
    let mut guard = guard(config, sample);
    guard.check_name(url).map_err(Error::from)?;
    let (_tunnel, target) = LoadTarget::open(url, &Transport::Direct).await?;
    let step = Step::begin(listener, "verify", format!("verify {}", path.display()));
    let archive = tokio::select! {
        opened = Archive::open(path) => opened?,
        () = &mut interrupt => return Err(interrupted()),
    };
    let manifest = archive.manifest();
    step.done(format!(
        "{} from PostgreSQL {}, written by devdb {}, manifest sha256:{}",
        counted(manifest.rows(), "row"),
        manifest.postgres,
        manifest.devdb,
        manifest.sha256()
    ));
    let step = Step::begin(listener, load::STEP, format!("load into {}", url.place()));
    guard.system_sha256 = manifest.labels.get(labels::SYSTEM).cloned();
    let options = LoadOptions { jobs: sample.jobs, replace };
    let loaded = load::load(&archive, archive.schema(), &target, &guard, options, listener, interrupt).await?;
    note_skipped(&step, &loaded);
    step.done(format!("{} into {}", amount(&loaded), url.place()));
    let facts = vec![Fact::new("connect", psql(url))];
    listener.on_event(&Event::Facts { title: CREATED.to_owned(), facts });
    Ok(())
}

//! `devdb load`: an archive into a database.

use std::path::Path;
use std::pin::pin;

use crate::config::{self, Config, PlatformConfig};
use crate::error::Failure;
use crate::event::{Event, Fact, Listener};
use crate::host::is_loopback;
use crate::interrupt;
use crate::pg::Url;
use crate::pg::tunnel::Gate;
use crate::sample::load::error::Error;
use crate::sample::load::{self, Guard, Loaded, Options, Target};
use crate::sample::sink::archive::Archive;
use crate::step::Step;
use crate::units::{counted, size};

use super::{interrupted, labels, no_section};

/// Verifies an archive and loads it. The target must be on the list of `sample.targets`.
///
/// # Errors
/// When the archive is not whole, or the target may not be written to; what failed otherwise. The target is as
/// it was then.
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
    let (_tunnel, target) = Target::open(url, &Gate::Direct).await?;
    let step = Step::begin(listener, "verify", format!("verify {}", path.display()));
    let archive = tokio::select! {
        opened = Archive::open(path) => opened?,
        () = &mut interrupt => return Err(interrupted()),
    };
    let manifest = archive.manifest();
    step.done(format!(
        "{} of PostgreSQL {}, written by devdb {}, manifest sha256:{}",
        counted(manifest.rows(), "row"),
        manifest.postgres,
        manifest.devdb,
        manifest.sha256()
    ));
    let step = Step::begin(listener, load::STEP, format!("load it into {}", url.place()));
    guard.system_sha256 = manifest.labels.get(labels::SYSTEM).cloned();
    let options = Options { jobs: sample.jobs, replace };
    let loaded = load::load(&archive, archive.schema(), &target, &guard, options, listener, interrupt).await?;
    tell(&step, &loaded);
    step.done(format!("{}, in {}", amount(&loaded), url.place()));
    let facts = vec![Fact::new("connect", super::destination::psql(url))];
    listener.on_event(&Event::Facts { title: "The sample is there:".into(), facts });
    Ok(())
}

/// Tells what did not come over, and what a person should know.
pub(super) fn tell(step: &Step<'_>, loaded: &Loaded) {
    for sentence in loaded.left_out.sentences().into_iter().chain(loaded.notes.iter().cloned()) {
        step.note(sentence);
    }
}

/// Rows and bytes that went in.
pub(super) fn amount(loaded: &Loaded) -> String {
    let rows = loaded.tables.iter().map(|table| table.rows).sum();
    let bytes = loaded.tables.iter().map(|table| table.bytes).sum();
    format!("{}, {}", counted(rows, "row"), size(bytes))
}

/// What may be written to, and what never.
pub(super) fn guard(config: &Config, sample: &config::Sample) -> Guard {
    let allowed = sample.targets.iter().map(|one| {
        // As a URL reads it.
        let host = if one.host == "localhost" { "127.0.0.1" } else { &one.host };
        format!("{host}:{}/{}", one.port, one.database)
    });
    // The clusters of the local platform all live on this machine; their names are no hosts.
    let on_aws = config.targets.values().filter(|target| matches!(target.platform, PlatformConfig::Aws(_)));
    let names = on_aws.map(|target| target.source.instance.clone());
    let source = sample.source.iter().filter_map(|source| source.host.as_deref()).filter_map(elsewhere);
    Guard { allowed: allowed.collect(), production: names.chain(source).collect(), ..Guard::default() }
}

/// A host that is not this machine: what is here is told apart by what the servers say of themselves.
pub(super) fn elsewhere(host: &str) -> Option<String> {
    (!is_loopback(host)).then(|| host.to_owned())
}

//! `devdb load`: an archive into a database.

use std::path::Path;
use std::pin::pin;

use crate::config::{self, Config, PlatformConfig};
use crate::error::Failure;
use crate::event::{Event, Fact, Listener};
use crate::interrupt;
use crate::pg::Url;
use crate::pg::tunnel::Gate;
use crate::rotate::run::{Step, size};
use crate::sample::TableCopy;
use crate::sample::load::{self, Guard, Options, Target};
use crate::sample::sink::archive::Archive;

use super::{interrupted, no_section};

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
    let step = Step::begin(listener, "verify", format!("verify {}", path.display()));
    let archive = tokio::select! {
        opened = Archive::open(path) => opened?,
        () = &mut interrupt => return Err(interrupted()),
    };
    let manifest = archive.manifest();
    step.done(format!(
        "{} rows of PostgreSQL {}, written by devdb {}, manifest sha256:{}",
        manifest.rows(),
        manifest.postgres,
        manifest.devdb,
        manifest.sha256()
    ));
    let step = Step::begin(listener, load::STEP, format!("load it into {}", url.place()));
    let (_tunnel, target) = Target::open(url, &Gate::Direct).await?;
    let options = Options { jobs: sample.jobs, replace };
    let guard = guard(config, sample);
    let loaded = load::load(&archive, archive.schema(), &target, &guard, options, listener, interrupt).await?;
    for sentence in loaded.left_out.sentences().into_iter().chain(loaded.notes.iter().cloned()) {
        step.note(sentence);
    }
    let copied = manifest.tables.iter().zip(&loaded.tables).map(|(table, copied)| (table.copy(), copied.bytes));
    let (rows, bytes) = tell_tables(listener, copied);
    step.done(format!("{rows} rows, {}, in {}", size(bytes), url.place()));
    let facts = vec![Fact::new("connect", super::write::psql(url))];
    listener.hear(&Event::Facts { title: "The sample is there:".into(), facts });
    Ok(())
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
    Guard { allowed: allowed.collect(), production: names.chain(source).collect(), origin: None }
}

/// A host that is not this machine: what is here is told apart by what the servers say of themselves.
pub(super) fn elsewhere(host: &str) -> Option<String> {
    let here = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    (!here).then(|| host.to_owned())
}

/// Tells of every table with rows; answers rows and bytes of all.
pub(super) fn tell_tables(listener: &dyn Listener, tables: impl Iterator<Item = (TableCopy, u64)>) -> (u64, u64) {
    let mut all = (0, 0);
    for (table, bytes) in tables.filter(|(table, _)| table.rows > 0) {
        listener.hear(&Event::TableSampled { table: table.path(), rows: table.rows, bytes });
        all = (all.0 + table.rows, all.1 + bytes);
    }
    all
}

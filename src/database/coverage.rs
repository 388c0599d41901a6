//! `devdb init` and `devdb coverage`.

use std::collections::BTreeMap;
use std::path::Path;

use crate::config::Masking;
use crate::discover::{init as first, suggestions};
use crate::error::{Exit, Failure};
use crate::event::{Event, Listener};
use crate::mask::Key;
use crate::mask::lock::{self, Lock};
use crate::pg::Url;
use crate::scrub::{coverage_gate, masker};

use crate::rotate::prepare;

/// Prints a first `devdb.yaml` for a database. Among JSON lines it is a line too.
pub async fn init(url: &Url, json: bool, listener: &dyn Listener) -> Result<Exit, Failure> {
    let text = first::text(&first::draft(&super::session(url).await?).await?);
    if json {
        listener.on_event(&Event::Noted { step: "init", message: text });
    } else {
        listener.print(&text);
    }
    Ok(Exit::Done)
}

/// Judges a database by the configuration and by what the team has seen of it. `accept` writes the latter.
pub async fn coverage(masking: &Masking, url: &Url, accept: bool, listener: &dyn Listener) -> Result<Exit, Failure> {
    let session = super::session(url).await?;
    // Whether a mask is proved does not depend on the secret.
    let key = Key::new("whether it can be proved").map_err(|error| super::usage(error.to_string()))?;
    let (catalog, coverage, _) = masker::judged(&session, masking, &key).await?;
    listener.on_event(&coverage_gate::event(url.database(), &coverage));
    for entry in &coverage.unused {
        listener.on_event(&Event::Warning { message: format!("`mask` names {entry}, which is no column here") });
    }
    let advice = suggestions::lines(&session, &catalog, &coverage).await?;
    if let Some(failure) = coverage_gate::refusal(url.database(), &coverage, &advice) {
        return Err(failure);
    }
    let seen = prepare::seen(&masking.lock)?;
    if accept {
        let now = Lock::of(&catalog.columns, &catalog.tables, &catalog.foreign_keys);
        return write(&masking.lock, seen.unwrap_or_default(), url.database(), now, listener);
    }
    let nothing = Lock::default();
    let strange = seen.as_ref().map(|seen| seen.get(url.database()).unwrap_or(&nothing));
    match strange.and_then(|seen| coverage_gate::lock_drift(url.database(), seen, &catalog)) {
        Some(failure) => Err(failure),
        None if seen.is_none() => {
            listener.on_event(&Event::Warning {
                message:
                    "there is no devdb.lock; `--accept` writes one, to be committed: then a new column is told of \
                          by its name, whatever pattern covers it"
                        .to_owned(),
            });
            Ok(Exit::Done)
        }
        None => Ok(Exit::Done),
    }
}

fn write(
    path: &Path,
    mut all: BTreeMap<String, Lock>,
    database: &str,
    now: Lock,
    listener: &dyn Listener,
) -> Result<Exit, Failure> {
    for drift in lock::drift(all.get(database).unwrap_or(&Lock::default()), &now) {
        listener.on_event(&Event::Noted { step: "coverage", message: format!("accepted: {drift}") });
    }
    all.insert(database.to_owned(), now);
    // Beside it first: a run that is killed leaves the old file or the new one.
    let fresh = path.with_extension("lock.new");
    std::fs::write(&fresh, lock::written(&all))
        .and_then(|()| std::fs::rename(&fresh, path))
        .map_err(|error| Failure::new(Exit::Unexpected, error).during(format!("write {}", path.display())))?;
    listener.on_event(&Event::Noted { step: "coverage", message: format!("{} written; commit it", path.display()) });
    Ok(Exit::Done)
}

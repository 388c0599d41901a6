//! Reports of a finished load.

use crate::pg::Url;
use crate::sample::load::LoadSummary;
use crate::step::Step;
use crate::units::{counted, size};

/// The title of the facts about a new sample.
pub(super) const CREATED: &str = "Sample created:";

/// Adds notes on what was skipped, and on sequences and materialized views.
pub(super) fn note_skipped(step: &Step<'_>, loaded: &LoadSummary) {
    for sentence in loaded.skipped.sentences().into_iter().chain(loaded.notes.iter().cloned()) {
        step.note(sentence);
    }
}

/// Returns the loaded rows and bytes as text: `12 rows, 3 kB`.
pub(super) fn amount(loaded: &LoadSummary) -> String {
    let rows = loaded.tables.iter().map(|table| table.rows).sum();
    let bytes = loaded.tables.iter().map(|table| table.bytes).sum();
    format!("{}, {}", counted(rows, "row"), size(bytes))
}

/// Returns the shell command that connects to a database, without a password.
pub(super) fn psql(url: &Url) -> String {
    let route = url.route();
    format!("psql postgres://{}@{}:{}/{}", url.credentials().user, route.host, route.port, url.database())
}

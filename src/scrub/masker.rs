//! Masks a database: check column coverage, capture fingerprints of the originals, rewrite every table, search for the
//! originals.

use std::time::Instant;

use crate::config::{LeakCheckMode, Masking, TablePath};
use crate::error::Failure;
use crate::event::{self, Event, Listener};
use crate::mask;
use crate::mask::coverage::{self, Catalog, Coverage, TableMasks};
use crate::pg::Session;

use super::leak::{self, Mode, Original, Outcome, Remembered, Secrets, Survivor};
use super::rewrite::{self, Rewritten, TableMask};
use super::{ledger, marker};
use crate::pg::connector::Connector;

/// Masks the databases of one server.
#[derive(Clone, Copy)]
pub struct Masker<'a> {
    /// Opens sessions.
    pub connector: &'a dyn Connector,
    /// Masking section of the configuration.
    pub masking: &'a Masking,
    /// Key of the masks.
    pub key: &'a mask::Key,
    /// Name of the generation. Progress of another one is ignored.
    pub generation: &'a str,
    /// Fingerprint of rules and key.
    pub recipe: &'a str,
    /// Free bytes on the server's disk, if known; masking that needs more is refused before it begins.
    pub free_bytes: Option<u64>,
    /// Receives one event for each table.
    pub listener: &'a dyn Listener,
}

impl Masker<'_> {
    /// Captures keyed fingerprints of the originals of all columns that devdb or scripts mask.
    ///
    /// # Errors
    /// After one that [`leak::Error::is_disconnect`], call again.
    pub async fn remember(
        &self,
        database: &str,
        coverage: &Coverage,
        work: &TableMasks,
    ) -> Result<Remembered, leak::Error> {
        let masked = |table: &TablePath, column: &str| {
            let masks = work.get(table)?;
            masks.iter().find(|masked| masked.column == column).map(|masked| masked.expression.sql.clone())
        };
        let originals: Vec<Original> = coverage
            .originals()
            .map(|(table, column, rule)| Original {
                masked: masked(&table, column),
                schema: table.schema,
                table: table.table,
                column: column.to_owned(),
                rule,
            })
            .collect();
        marker::require(&self.connector.session(database).await?, self.generation).await?;
        let secrets = Secrets::of(self.key);
        leak::remember(self.connector, database, &originals, &secrets, self.masking.jobs, self.listener).await
    }

    /// Searches a database for the captured originals, and reports what it finds.
    ///
    /// # Errors
    /// If something cannot be read, or the search proves nothing.
    pub async fn search(&self, database: &str) -> Result<Outcome, leak::Error> {
        let survivors: Vec<Survivor> = self
            .masking
            .survivors
            .iter()
            .map(|one| Survivor {
                place: one.column.to_string(),
                of: one.of.as_ref().map(ToString::to_string),
                reason: one.reason.clone(),
            })
            .collect();
        let search = leak::Search {
            mode: match self.masking.leak_check {
                LeakCheckMode::Auto => Mode::Auto,
                LeakCheckMode::Server => Mode::Server,
                LeakCheckMode::Stream => Mode::Stream,
            },
            survivors: &survivors,
            jobs: self.masking.jobs,
            listener: self.listener,
            secret: &Secrets::of(self.key),
        };
        let began = Instant::now();
        let outcome = leak::search(self.connector, database, &search).await?;
        for hit in &outcome.hits {
            self.listener.on_event(&Event::Leak {
                database: database.to_owned(),
                place: hit.path(),
                rows: hit.rows,
                of: format!("originals of {} ({})", hit.of, hit.rule),
                kept: hit.survivor.clone(),
            });
        }
        if !outcome.unread.is_empty() {
            let message = format!(
                "{database}: not searched, since reading acts on another server: foreign {}",
                outcome.unread.join(", ")
            );
            self.listener.on_event(&Event::Warning { message });
        }
        self.listener.on_event(&Event::LeakChecked {
            database: database.to_owned(),
            mode: if outcome.mode_used == Mode::Server { "server" } else { "stream" },
            places: outcome.places,
            rows: outcome.rows,
            bytes: outcome.bytes,
            originals: outcome.fingerprints,
            left_out: outcome.left_out,
            seconds: began.elapsed().as_secs_f64(),
        });
        Ok(outcome)
    }

    /// Refuses to mask a database for which `free` bytes of disk space are not enough. Changes nothing.
    ///
    /// # Errors
    /// [`rewrite::Error::DiskSpace`]; an error of the server.
    pub async fn check_disk_space(
        &self,
        session: &Session,
        work: &TableMasks,
        free: u64,
    ) -> Result<(), rewrite::Error> {
        match rewrite::disk_need(session, &table_masks(work), self.masking.jobs).await? {
            Some(need) if need.total() > free => Err(rewrite::Error::DiskSpace { need, free }),
            _ => Ok(()),
        }
    }

    /// Masks every table of a database that has something to mask. Called again after a lost connection, it resumes.
    ///
    /// # Errors
    /// After one that [`rewrite::Error::is_disconnect`], call again.
    pub async fn mask(&self, database: &str, work: &TableMasks) -> Result<Vec<Rewritten>, rewrite::Error> {
        let tables = table_masks(work);
        let options = rewrite::Options {
            generation: self.generation,
            recipe: self.recipe,
            jobs: self.masking.jobs,
            free_bytes: self.free_bytes,
            listener: self.listener,
        };
        let done = rewrite::rewrite(self.connector, database, &tables, &options).await?;
        for table in &done {
            self.listener.on_event(&masked(database, table));
        }
        Ok(done)
    }
}

/// Completes a database's ledger after the last script, and reports the number of places by reason.
///
/// # Errors
/// On a server error.
pub async fn complete_ledger(session: &Session, masking: &Masking, listener: &dyn Listener) -> crate::pg::Result<()> {
    let coverage = coverage::decide(masking, &Catalog::read(session).await?);
    let summary = ledger::complete(session, &coverage).await?;
    let message = format!("{}: ledger of {summary}", session.database());
    listener.on_event(&Event::Noted { step: "residue", message });
    Ok(())
}

/// Decides about every column of a database, and compiles the masks. Uncovered columns and masks that cannot be proved are
/// problems of the coverage, not errors.
///
/// # Errors
/// On a server error.
pub async fn work(session: &Session, masking: &Masking, key: &mask::Key) -> Result<(Coverage, TableMasks), Failure> {
    let (_, coverage, work) = judged(session, masking, key).await?;
    Ok((coverage, work))
}

/// Returns the same as [`work`], with the catalog.
///
/// # Errors
/// On a server error.
pub async fn judged(
    session: &Session,
    masking: &Masking,
    key: &mask::Key,
) -> Result<(Catalog, Coverage, TableMasks), Failure> {
    let catalog = Catalog::read(session).await?;
    let mut coverage = coverage::decide(masking, &catalog);
    let work = coverage::compile_masks(&coverage, key).unwrap_or_else(|problems| {
        coverage.problems.extend(problems);
        TableMasks::new()
    });
    Ok((catalog, coverage, work))
}

fn table_masks(work: &TableMasks) -> Vec<TableMask> {
    let column = |masked: &coverage::MaskedColumn| rewrite::ColumnMask {
        name: masked.column.clone(),
        rule: masked.mask,
        keeps_parts: masked.keeps_parts,
        expression: masked.expression.clone(),
    };
    work.iter()
        .map(|(table, columns)| TableMask {
            schema: table.schema.clone(),
            table: table.table.clone(),
            columns: columns.iter().map(column).collect(),
        })
        .collect()
}

fn masked(database: &str, table: &Rewritten) -> Event {
    let path = crate::config::TablePath { schema: table.schema.clone(), table: table.table.clone() };
    let mask = |(column, mask): &(String, &'static str)| event::ColumnMask { column: column.clone(), mask };
    Event::TableMasked {
        database: database.to_owned(),
        table: path.to_string(),
        masks: table.columns.iter().map(mask).collect(),
        method: table.method.as_str(),
        why: table.why.clone(),
        rows: table.rows,
        bytes_before: table.bytes_before,
        bytes_after: table.bytes_after,
        seconds: table.seconds,
        already: table.already,
    }
}

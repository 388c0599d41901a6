//! Masking a database, in the order that counts: see that every column was thought of, then rewrite every
//! table.

use crate::config::Masking;
use crate::error::Failure;
use crate::event::{self, Event, Listener};
use crate::mask::coverage::{self, Coverage, Work};
use crate::mask::{self};
use crate::pg::Session;

use super::cover;
use super::door::Door;
use super::rewrite::{self, Rewritten, TableMask};

/// Masks the databases of one server.
#[derive(Clone, Copy)]
pub struct Masker<'a> {
    /// The way in.
    pub door: &'a dyn Door,
    /// What becomes of every column.
    pub masking: &'a Masking,
    /// The key of the masks.
    pub key: &'a mask::Key,
    /// Whose progress in the clone is believed.
    pub generation: &'a str,
    /// Fingerprint of rules and key.
    pub recipe: &'a str,
    /// Hears of each table.
    pub listener: &'a dyn Listener,
}

impl Masker<'_> {
    /// Masks every table of a database that has something to mask. Once more after a broken connection, it goes
    /// on where it was.
    ///
    /// # Errors
    /// After one that [`rewrite::Error::is_disconnect`], call again.
    pub async fn mask(&self, database: &str, work: &Work) -> Result<Vec<Rewritten>, rewrite::Error> {
        let tables: Vec<TableMask> = work
            .iter()
            .map(|(table, columns)| TableMask {
                schema: table.schema.clone(),
                table: table.table.clone(),
                columns: columns
                    .iter()
                    .map(|masked| rewrite::ColumnMask {
                        name: masked.column.clone(),
                        rule: masked.mask,
                        expression: masked.expression.clone(),
                    })
                    .collect(),
            })
            .collect();
        let options = rewrite::Options {
            generation: self.generation,
            recipe: self.recipe,
            jobs: self.masking.jobs,
            free_bytes: None,
            listener: self.listener,
        };
        let done = rewrite::rewrite(self.door, database, &tables, &options).await?;
        for table in &done {
            self.listener.hear(&masked(database, table));
        }
        Ok(done)
    }
}

/// Decides about every column of a database, and compiles the masks.
///
/// # Errors
/// What the server says; a column that nobody thought of, a mask that cannot be proved.
pub async fn work(session: &Session, masking: &Masking, key: &mask::Key) -> Result<(Coverage, Work), Failure> {
    let mut coverage = cover::decide(session, masking).await?;
    let work = coverage::work(&coverage, key).unwrap_or_else(|problems| {
        coverage.problems.extend(problems);
        Work::new()
    });
    Ok((coverage, work))
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

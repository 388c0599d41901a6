//! Reads values and decides. In both modes every value that counts comes through here; the server mode
//! only leaves out rows of which the server can tell that they hold nothing.

use std::sync::Arc;

use super::binary;
use super::catalog_texts::Texts;
use super::error::Error;
use super::hit::Tally;
use super::known::{Finder, Known};
use super::places::Relation;
use super::readings::Reader;
use super::rights::{Lent, Rights, Turn};
use super::server::Filter;
use super::shape::Shape;
use super::sieve::{Sieve, Suspect};
use crate::pg::Session;
use crate::pg::qualified_name;

/// Bytes of a large object that are read at once.
const PART: i32 = 4 << 20;
/// Bytes that two parts have in common, so that nothing is cut in two.
const OVERLAP: i64 = 64 << 10;

/// A piece of work.
pub(super) enum Chunk {
    /// Rows of a table that begin on these pages.
    Rows { relation: Arc<Relation>, from: i64, to: Option<i64> },
    /// Texts of the catalog.
    Texts(Texts),
    /// All large objects.
    LargeObjects,
}

impl Chunk {
    pub(super) fn title(&self) -> String {
        match self {
            Chunk::Rows { relation, .. } => relation.path(),
            Chunk::Texts(texts) => texts.title.to_owned(),
            Chunk::LargeObjects => "large objects".to_owned(),
        }
    }
}

/// One connection's part of a search.
pub(super) struct Worker<'a> {
    sieve: Sieve<'a>,
    reader: Reader<'a>,
    finder: Finder<'a>,
    filter: &'a Filter,
    turn: Turn,
    pub tally: Tally,
}

impl<'a> Worker<'a> {
    pub(super) fn new(known: &'a Known, filter: &'a Filter, turn: Turn) -> Self {
        let (reader, finder) = (Reader::new(known.secrets()), Finder::new(known));
        Worker { sieve: Sieve::new(known), reader, finder, filter, turn, tally: Tally::default() }
    }

    /// Searches a piece.
    pub(super) async fn search(&mut self, session: &Session, chunk: &Chunk) -> Result<(), Error> {
        match chunk {
            Chunk::Rows { relation, from, to } => self.rows(session, relation, *from, *to).await,
            Chunk::Texts(texts) => self.texts(session, texts).await,
            Chunk::LargeObjects => self.large_objects(session).await,
        }
        .map_err(|error| error.of(&chunk.title()))
    }

    async fn rows(&mut self, session: &Session, relation: &Relation, from: i64, to: Option<i64>) -> Result<(), Error> {
        let (owner, table) = (relation.owner.as_deref(), (relation.schema.as_str(), relation.name.as_str()));
        let mut result = Ok(());
        for rights in Rights::ALL {
            let lent = self.turn.take_for_table(session, rights, owner, table).await?;
            result = self.copy(session, relation, from, to).await;
            self.turn.give_back(session, lent).await?;
            if !rights.are_refused(&result) {
                break;
            }
        }
        result
    }

    async fn copy(&mut self, session: &Session, relation: &Relation, from: i64, to: Option<i64>) -> Result<(), Error> {
        let place = relation.path();
        let end = to.map_or_else(String::new, |to| format!(" AND ctid < '({to},0)'::pg_catalog.tid"));
        let pages = format!("ctid >= '({from},0)'::pg_catalog.tid{end}");
        let table = qualified_name(&relation.schema, &relation.name);
        let sql = format!("COPY ({}) TO STDOUT (FORMAT binary)", self.filter.select(&table, &relation.columns, &pages));
        let Worker { sieve, reader, finder, tally, .. } = self;
        let mut decide = |suspect: Suspect<'_>, tally: &mut Tally| {
            finder.found.clear();
            reader.value(suspect.value, suspect.is_bytes, finder);
            let column = relation.columns.get(suspect.column).map_or("", |(name, _)| name.as_str());
            tally.found(&place, column, &finder.found, suspect.rows);
        };
        binary::rows(session, &sql, &place, |row| {
            tally.rows += 1;
            for (at, (_, shape)) in relation.columns.iter().enumerate() {
                let Some(value) = row.next()? else { continue };
                tally.values += 1;
                tally.bytes += value.len() as u64;
                if let Some(long) = sieve.put(at, value, *shape == Shape::Bytes) {
                    decide(long, tally);
                }
            }
            if sieve.is_full() {
                sieve.sift(|suspect| decide(suspect, tally));
            }
            Some(())
        })
        .await?;
        sieve.sift(|suspect| decide(suspect, tally));
        Ok(())
    }

    async fn texts(&mut self, session: &Session, texts: &Texts) -> Result<(), Error> {
        // The server leaves out statistics of tables with policies, without a word.
        let lent = match &texts.owner {
            Some(owner) => self.turn.take_unforced(session, owner, None).await?,
            None => Lent::default(),
        };
        let result = self.read_texts(session, texts).await;
        self.turn.give_back(session, lent).await?;
        result
    }

    async fn read_texts(&mut self, session: &Session, texts: &Texts) -> Result<(), Error> {
        if let Some(owner) = &texts.owner {
            // What is not ours is left out by the server without a word.
            let hidden: bool = session
                .query_one(
                    "SELECT EXISTS (SELECT FROM pg_catalog.pg_statistic_ext e JOIN pg_catalog.pg_class c ON c.oid = e.stxrelid \
                     WHERE pg_catalog.pg_get_userbyid(c.relowner) = $1::text::name AND NOT pg_catalog.pg_has_role(c.relowner, 'USAGE'))",
                    &[owner],
                )
                .await?
                .get(0);
            if hidden {
                return Err(Error::Unreadable { place: format!("extended statistics of tables of {owner}") });
            }
        }
        for row in session.query(&texts.sql, &[]).await? {
            let (place, text): (Option<String>, Option<String>) = (row.get(0), row.get(1));
            if let (Some(place), Some(text)) = (place, text) {
                self.tally.rows += 1;
                self.tally.values += 1;
                self.tally.bytes += text.len() as u64;
                self.finder.found.clear();
                self.reader.text(&text, &mut self.finder);
                self.tally.found(&place, "", &self.finder.found, 1);
            }
        }
        Ok(())
    }

    async fn large_objects(&mut self, session: &Session) -> Result<(), Error> {
        let rows = session
            .query(
                "SELECT m.oid, r.rolname::text FROM pg_catalog.pg_largeobject_metadata m \
                 LEFT JOIN pg_catalog.pg_roles r ON r.oid = m.lomowner ORDER BY 1",
                &[],
            )
            .await?;
        for row in &rows {
            let (oid, owner): (u32, Option<String>) = (row.get(0), row.get(1));
            let place = format!("large object {oid}");
            let mut result = self.large_object(session, oid, &place).await;
            if matches!(&result, Err(Error::Server { source, .. }) if source.is_permission_denied()) {
                let lent = self.turn.take(session, owner.as_deref()).await?;
                result = self.large_object(session, oid, &place).await;
                self.turn.give_back(session, lent).await?;
            }
            result.map_err(|error| error.of(&place))?;
        }
        Ok(())
    }

    async fn large_object(&mut self, session: &Session, oid: u32, place: &str) -> Result<(), Error> {
        let (mut at, mut found) = (0_i64, Vec::new());
        loop {
            let row = session.query_one("SELECT pg_catalog.lo_get($1, $2, $3)", &[&oid, &at, &PART]).await?;
            let part: &[u8] = row.try_get(0).map_err(|_| Error::Garbled { place: place.to_owned() })?;
            self.tally.bytes += part.len() as u64;
            self.finder.found.clear();
            self.reader.bytes(part, &mut self.finder);
            found.extend_from_slice(&self.finder.found);
            if part.len() < PART as usize {
                break;
            }
            at += i64::from(PART) - OVERLAP;
        }
        found.sort_unstable();
        found.dedup();
        self.tally.rows += 1;
        self.tally.values += 1;
        self.tally.found(place, "", &found, 1);
        Ok(())
    }
}

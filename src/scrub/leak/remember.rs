//! Before masking: reads every original once and writes its fingerprints into the clone.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::fmt::Write as _;
use std::io::Write as _;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::task::JoinSet;
use tokio_postgres::binary_copy::BinaryCopyOutStream;
use tokio_postgres::types::Type;

use super::error::Error;
use super::fingerprint::{Form, Press, Written, windows};
use super::hash::Secrets;
use super::rights::{self, Rights, Turn};
use super::shape::{Shape, shapes};
use super::store::{self, Counted, Sum};
use super::{Original, Remembered, STEP, server};
use crate::event::{Event, Listener};
use crate::pg::connector::Connector;
use crate::pg::strict_settings::apply_strict_settings;
use crate::pg::{self, Session, identifier, qualified_name};
use crate::units::counted;

/// Fingerprints held back before they are written.
const BATCH: usize = 300_000;

/// A table with the originals in it.
struct Table {
    schema: String,
    name: String,
    owner: Option<String>,
    columns: Vec<(i32, Original, Written)>,
}

/// See [`super::remember`].
pub(super) async fn remember(
    connector: &dyn Connector,
    database: &str,
    originals: &[Original],
    secrets: &Secrets,
    jobs: usize,
    listener: &dyn Listener,
) -> Result<Remembered, Error> {
    let session = connector.session(database).await?;
    apply_strict_settings(&session).await?;
    store::prepare(&session, secrets).await?;
    // A search that was killed may have lent the filter to owners of tables.
    rights::take_filter_back(&session).await?;
    let tables = missing(&session, originals).await?;
    if store::same_key(&session, secrets).await? {
        match tables.first().and_then(|table| table.columns.first()) {
            Some((_, original, _)) => return Err(Error::Late { column: original.path() }),
            None => {
                store::intact(&session).await?;
                server::build(&session).await?;
                return store::remembered(&session).await;
            }
        }
    }
    // A run that was killed leaves whole tables or nothing of one.
    store::intact(&session).await?;
    let turn = Turn::default();
    // All tables, also those that are not masked: the search reads them too, hours later.
    rights::require_readable(&session, &turn).await?;
    let queue = Arc::new(Mutex::new(VecDeque::from(tables)));
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let mut workers = JoinSet::new();
    for _ in 0..jobs.max(1) {
        let (reading, writing) = (connector.session(database).await?, connector.session(database).await?);
        apply_strict_settings(&reading).await?;
        apply_strict_settings(&writing).await?;
        let (queue, secrets, tell, turn) = (queue.clone(), secrets.clone(), tell.clone(), turn.clone());
        workers.spawn(async move {
            loop {
                let table = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                let Some(table) = table else { return Ok::<_, Error>(()) };
                let rows = table.remember(&reading, &writing, &secrets, &turn).await?;
                // Nobody listens any more only when another worker failed.
                let _ = tell.send(format!(
                    "{}.{}: {} captured",
                    table.schema,
                    table.name,
                    counted(rows.unsigned_abs(), "row")
                ));
            }
        });
    }
    drop(tell);
    while let Some(message) = told.recv().await {
        listener.on_event(&Event::Progress { step: STEP, message });
    }
    while let Some(ended) = workers.join_next().await {
        ended.map_err(|_| Error::Garbled { place: "a worker's table".into() })??;
    }
    store::settle(&session).await?;
    server::build(&session).await?;
    store::remembered(&session).await
}

/// The tables that are still to be read, each with its columns.
async fn missing(session: &Session, originals: &[Original]) -> Result<Vec<Table>, Error> {
    let done = store::columns(session).await?;
    let done_tables: BTreeSet<(&str, &str)> =
        done.iter().map(|column| (column.schema.as_str(), column.table.as_str())).collect();
    let mut next = done.iter().map(|column| column.id).max().unwrap_or(-1) + 1;
    let mut tables: BTreeMap<(&str, &str), Table> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let shapes = shapes(session).await?;
    for original in originals {
        let Original { schema, table, column, .. } = original;
        if done.iter().any(|it| (&it.schema, &it.table, &it.name) == (schema, table, column))
            || !seen.insert((schema, table, column))
        {
            continue;
        }
        if done_tables.contains(&(schema.as_str(), table.as_str())) {
            return Err(Error::Late { column: original.path() });
        }
        let (owner, written) = written(session, original, &shapes).await?;
        let entry = tables.entry((schema, table)).or_insert_with(|| Table {
            schema: schema.clone(),
            name: table.clone(),
            owner,
            columns: Vec::new(),
        });
        entry.columns.push((next, original.clone(), written));
        next += 1;
    }
    Ok(tables.into_values().collect())
}

/// The owner of a column's table, and how its values are written.
async fn written(
    session: &Session,
    original: &Original,
    shapes: &HashMap<u32, Shape>,
) -> Result<(Option<String>, Written), Error> {
    let Original { schema, table, column, .. } = original;
    let rows = session
        .query(
            "SELECT r.rolname::text, a.atttypid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
             LEFT JOIN pg_catalog.pg_roles r ON r.oid = c.relowner \
             WHERE n.nspname = $1::text::name AND c.relname = $2::text::name AND a.attname = $3::text::name AND c.relkind IN ('r', 'p')",
            &[schema, table, column],
        )
        .await?;
    let row = rows.first().ok_or_else(|| Error::NoColumn { column: original.path() })?;
    let shape = shapes.get(&row.get::<_, u32>(1)).copied().unwrap_or(Shape::Text);
    Ok((row.get(0), shape.written()))
}

impl Table {
    /// Reads the table and writes its fingerprints, in one transaction of the writing session.
    async fn remember(
        &self,
        reading: &Session,
        writing: &Session,
        secrets: &Secrets,
        turn: &Turn,
    ) -> Result<i64, Error> {
        let place = format!("{}.{}", self.schema, self.name);
        writing.run("BEGIN").await?;
        let mut batch = Batch::default();
        let mut press = Press::new(secrets);
        let mut counted: Vec<(i64, i64)> = vec![(0, 0); self.columns.len()];
        let mut result = Ok(0);
        for rights in Rights::ALL {
            let table = (self.schema.as_str(), self.name.as_str());
            let lent = turn.take_for_table(reading, rights, self.owner.as_deref(), table).await?;
            result = self.read(reading, writing, &mut press, secrets, &mut batch, &mut counted).await;
            turn.give_back(reading, lent).await?;
            if !rights.are_refused(&result) {
                break;
            }
        }
        let rows = result.map_err(|error| error.of(&place))?;
        batch.write(writing).await?;
        let counted: Vec<Counted<'_>> = self
            .columns
            .iter()
            .zip(&counted)
            .map(|((id, original, _), (rows, left_out))| Counted {
                id: *id,
                original,
                rows: *rows,
                left_out: *left_out,
                written: batch.written.get(id).copied().unwrap_or_default(),
            })
            .collect();
        store::record(writing, &counted).await?;
        writing.run("COMMIT").await?;
        Ok(rows)
    }

    async fn read(
        &self,
        reading: &Session,
        writing: &Session,
        press: &mut Press<'_>,
        secrets: &Secrets,
        batch: &mut Batch,
        counted: &mut [(i64, i64)],
    ) -> Result<i64, Error> {
        let garbled = || Error::Garbled { place: format!("{}.{}", self.schema, self.name) };
        let sql = self.copy();
        let stream = reading.copy_out(&sql).await.map_err(|error| pg::Error::of(error, &sql))?;
        let types = vec![Type::BYTEA; self.columns.len() * 2];
        let mut rows = pin!(BinaryCopyOutStream::new(stream, &types));
        let (mut count, mut seen) = (0, Vec::new());
        while let Some(row) = rows.next().await {
            let row = row.map_err(|error| pg::Error::of(error, &sql))?;
            count += 1;
            for (at, (id, original, written)) in self.columns.iter().enumerate() {
                let value: Option<&[u8]> = row.try_get(2 * at).map_err(|_| garbled())?;
                let masked: Option<&[u8]> = row.try_get(2 * at + 1).map_err(|_| garbled())?;
                let Some(value) = value else { continue };
                let forms = press.forms(value, *written);
                let left_out = i64::try_from(forms.left_out).unwrap_or(i64::MAX);
                counted[at] = (counted[at].0 + 1, counted[at].1 + left_out);
                let masked_forms = masked.map(|masked| press.forms(masked, *written)).unwrap_or_default();
                let stays = masked.is_some() && forms.kept.keys().eq(masked_forms.kept.keys());
                for form in forms.kept.into_values() {
                    // Of a document, or a text, what the mask leaves as it is was kept on purpose; a value
                    // that it leaves as a whole was not.
                    let kept = masked_forms.kept.contains_key(&form.first);
                    if !kept || stays && *written == Written::Text {
                        batch.add(*id, form);
                    }
                }
                if let Some(masked) = masked.filter(|_| original.masked.is_some() && !stays) {
                    seen.clear();
                    windows(secrets, masked, &mut seen);
                    batch.images.extend(&seen);
                }
            }
            if batch.prints.len() + batch.images.len() > BATCH {
                batch.write(writing).await?;
            }
        }
        Ok(count)
    }

    /// Each column beside what its mask makes of it.
    fn copy(&self) -> String {
        let mut list = String::new();
        for (at, (_, original, written)) in self.columns.iter().enumerate() {
            let text = |value: &str| match written {
                Written::Text | Written::Number => format!("({value})::pg_catalog.text"),
                Written::Nothing => format!("CASE WHEN ({value}) IS NOT NULL THEN ''::pg_catalog.text END"),
                Written::Json => format!("pg_catalog.to_jsonb({value})::pg_catalog.text"),
                Written::Bytes => format!("({value})::pg_catalog.bytea"),
            };
            let masked = original.masked.as_deref().map_or_else(|| "NULL".into(), &text);
            let _ = write!(list, "{}{}, {masked}", if at > 0 { ", " } else { "" }, text(&identifier(&original.column)));
        }
        format!("COPY (SELECT {list} FROM {}) TO STDOUT (FORMAT binary)", qualified_name(&self.schema, &self.name))
    }
}

/// Fingerprints on their way into the clone, each with the number of rows it was in.
#[derive(Default)]
struct Batch {
    prints: BTreeMap<(i32, u64), (Form, u64)>,
    images: BTreeSet<u64>,
    /// Count and checksum of the fingerprints written so far, by column.
    written: BTreeMap<i32, Sum>,
}

impl Batch {
    fn add(&mut self, id: i32, form: Form) {
        self.prints.entry((id, form.first)).or_insert((form, 0)).1 += 1;
    }

    async fn write(&mut self, session: &Session) -> Result<(), Error> {
        let mut lines = Vec::with_capacity(self.prints.len() * 80);
        for ((id, _), (form, rows)) in std::mem::take(&mut self.prints) {
            let (first, second, strong) = (form.first.cast_signed(), form.second.cast_signed(), form.strong);
            self.written.entry(id).or_default().add(first, second);
            let start = form.start.map_or_else(|| "\\N".to_owned(), |start| start.cast_signed().to_string());
            let _ = writeln!(lines, "{id}\t{first}\t{second}\t{}\t{strong}\t{rows}\t{start}", form.anchor);
        }
        copy_in(session, "devdb_meta.leak_fingerprint", lines).await?;
        let mut lines = Vec::with_capacity(self.images.len() * 21);
        for image in std::mem::take(&mut self.images) {
            let _ = writeln!(lines, "{}", image.cast_signed());
        }
        copy_in(session, "devdb_meta.leak_image", lines).await
    }
}

async fn copy_in(session: &Session, table: &str, lines: Vec<u8>) -> Result<(), Error> {
    if lines.is_empty() {
        return Ok(());
    }
    let sql = format!("COPY {table} FROM STDIN");
    let failed = |error| pg::Error::of(error, &sql);
    let mut sink = pin!(session.copy_in(&sql).await.map_err(failed)?);
    sink.send(std::io::Cursor::new(lines)).await.map_err(failed)?;
    sink.finish().await.map_err(failed)?;
    Ok(())
}

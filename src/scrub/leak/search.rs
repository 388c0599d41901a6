//! After masking: looks for the originals everywhere, on several connections.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::JoinSet;

use super::catalog_texts::{self, Texts};
use super::error::Error;
use super::hit::{Tally, hits};
use super::places::{self, Relation, Relations};
use super::rights::Turn;
use super::stream::{Chunk, Worker};
use super::{Mode, Outcome, STEP, Search, rights, server, store};
use crate::event::Event;
use crate::pg::Session;
use crate::pg::connector::Connector;
use crate::pg::strict_settings::apply_strict_settings;
use crate::units::counted;

/// Pages of a table that are one piece of work: 64 MB.
const PIECE: i64 = 8192;

/// See [`super::search`].
pub(super) async fn search(connector: &dyn Connector, database: &str, options: &Search<'_>) -> Result<Outcome, Error> {
    let session = connector.session(database).await?;
    apply_strict_settings(&session).await?;
    let outcome = look(&session, connector, database, options).await;
    // Whatever came of it: owners of tables need the filter no longer.
    let taken_back = rights::take_filter_back(&session).await;
    let outcome = outcome?;
    taken_back.map(|()| outcome)
}

async fn look(
    session: &Session,
    connector: &dyn Connector,
    database: &str,
    options: &Search<'_>,
) -> Result<Outcome, Error> {
    let (known, columns) = store::load(session, options.secret).await?;
    let message = format!("{} loaded", counted(known.len() as u64, "fingerprint"));
    options.listener.on_event(&Event::Progress { step: STEP, message });
    let relations = places::relations(session).await?;
    let mode = server::choose(session, options, &relations).await?;
    let filter = server::prepare(session, mode, options.secret).await?;
    if mode == Mode::Server {
        rights::lend_filter(session, &relations).await?;
    }
    let (roots, foreign) = (roots(&relations), relations.foreign.clone());
    let fingerprints = known.len() as u64;
    let texts = catalog_texts::texts(&relations);
    let places =
        relations.read.iter().map(|relation| relation.columns.len() as u64).sum::<u64>() + texts.len() as u64 + 1;
    let (known, filter, turn) = (Arc::new(known), Arc::new(filter), Turn::default());
    let (of_owners, texts) = texts.into_iter().partition::<Vec<_>, _>(|texts| texts.owner.is_some());
    // Before any table is read: these lock the tables whose policies are forced on the owner.
    let mut first = Worker::new(&known, &filter, turn.clone());
    for texts in of_owners {
        first.search(session, &Chunk::Texts(texts)).await?;
    }
    let mut tally = first.tally;
    let queue = Arc::new(Mutex::new(chunks(relations, texts)));
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let mut workers = JoinSet::new();
    for _ in 0..options.jobs.max(1) {
        let session = connector.session(database).await?;
        apply_strict_settings(&session).await?;
        let (queue, known, filter, turn, tell) =
            (queue.clone(), known.clone(), filter.clone(), turn.clone(), tell.clone());
        workers.spawn(async move { work(&session, &queue, Worker::new(&known, &filter, turn), &tell).await });
    }
    drop(tell);
    while let Some(message) = told.recv().await {
        options.listener.on_event(&Event::Progress { step: STEP, message });
    }
    while let Some(ended) = workers.join_next().await {
        tally.add(ended.map_err(|_| Error::Garbled { place: "a worker's table".into() })??);
    }
    let left_out = columns.iter().map(|column| u64::try_from(column.left_out).unwrap_or(0)).sum();
    Ok(Outcome {
        hits: hits(&tally, &columns, options.survivors, &roots),
        places,
        rows: tally.rows,
        values: tally.values,
        bytes: tally.bytes,
        fingerprints,
        left_out,
        unread: foreign,
        mode_used: mode,
    })
}

type Queue = Mutex<VecDeque<Chunk>>;

async fn work(
    session: &Session,
    queue: &Queue,
    mut worker: Worker<'_>,
    tell: &tokio::sync::mpsc::UnboundedSender<String>,
) -> Result<Tally, Error> {
    loop {
        let chunk = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Some(chunk) = chunk else { return Ok(worker.tally) };
        worker.search(session, &chunk).await?;
        // Nobody listens any more only when another worker failed.
        let _ = tell.send(format!("{} searched", chunk.title()));
    }
}

/// Pieces of work, the big tables first.
fn chunks(relations: Relations, texts: Vec<Texts>) -> VecDeque<Chunk> {
    let mut read = relations.read;
    read.sort_by_key(|relation| std::cmp::Reverse(relation.pages));
    let mut chunks = VecDeque::new();
    for relation in read.into_iter().filter(|relation| !relation.columns.is_empty()) {
        let relation: Arc<Relation> = Arc::new(relation);
        // One piece of a table that is locked while it is read.
        let pieces = if relation.is_forced { 1 } else { (relation.pages / PIECE).max(1) };
        for piece in 0..pieces {
            // The last one has no end: it goes on to wherever the table ends.
            let to = (piece + 1 < pieces).then_some((piece + 1) * PIECE);
            chunks.push_back(Chunk::Rows { relation: relation.clone(), from: piece * PIECE, to });
        }
    }
    chunks.extend(texts.into_iter().map(Chunk::Texts));
    chunks.push_back(Chunk::LargeObjects);
    chunks
}

fn roots(relations: &Relations) -> BTreeMap<String, String> {
    let root = |relation: &Relation| {
        relation.root.as_ref().map(|(schema, name)| (relation.path(), format!("{schema}.{name}")))
    };
    relations.read.iter().filter_map(root).collect()
}

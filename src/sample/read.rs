//! Reading the rows of a sample: they are stored in a [`Spool`], and every value that can contain text is scanned in the
//! masked form in which it would be copied. Nothing is written anywhere else before that.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::try_join_all;
use futures_util::stream::TryStreamExt;

use super::extract::Extraction;
use super::load::Progress;
use super::load::error::{Error, Result};
use super::private_dir;
use super::spool::{Spool, SpoolWriter, StreamExtent};
use crate::discover::audit::{Detection, Exemptions, RowScanner};
use crate::event::Listener;

/// The step of the events.
pub const STEP: &str = "read";

impl Extraction {
    /// Reads all rows over `jobs` connections and ends the transactions on the source. Returns the rows and the personal
    /// data found in them; without `exemptions` they are not scanned.
    ///
    /// # Errors
    /// When a query or writing a file fails.
    pub async fn read(
        &self,
        exemptions: Option<&Exemptions>,
        jobs: usize,
        listener: &dyn Listener,
    ) -> Result<(Spool, Vec<Detection>)> {
        let folder: Arc<Path> = private_dir::large_temp_dir()?.into();
        let mut parts: Vec<(usize, usize)> = Vec::new();
        for at in (0..self.tables.len()).filter(|at| self.tables[*at].rows > 0) {
            parts.extend((0..self.parts(at)).map(|part| (at, part)));
        }
        // The largest first, so that all workers finish at about the same time.
        parts.sort_by_key(|(at, part)| (Reverse(self.tables[*at].bytes / self.parts(*at) as u64), *at, *part));
        let progress = &Progress::new(listener, STEP, self.tables.iter().map(|table| table.bytes).sum());
        let (next, parts, folder_ref) = (&AtomicUsize::new(0), &parts, &folder);
        let workers = (0..jobs.max(1)).map(|_| async move {
            let (mut done, mut writer) = (Vec::new(), SpoolWriter::new(folder_ref)?);
            while let Some((at, part)) = parts.get(next.fetch_add(1, Ordering::Relaxed)) {
                done.push(((*at, *part), self.read_part(*at, *part, exemptions, &mut writer, progress).await?));
            }
            writer.flush().await?;
            Ok::<_, Error>(done)
        });
        let done: BTreeMap<_, _> = try_join_all(workers).await?.into_iter().flatten().collect();
        self.release().await;
        let mut streams = vec![Vec::new(); self.tables.len()];
        let mut sums: BTreeMap<_, Detection> = BTreeMap::new();
        for ((at, _), (extent, findings)) in done {
            streams[at].push(extent);
            for finding in findings {
                let key = (at, finding.column.clone(), finding.kind);
                match sums.get_mut(&key) {
                    Some(sum) => sum.rows += finding.rows,
                    None => drop(sums.insert(key, finding)),
                }
            }
        }
        let spool = Spool::new(self.tables.clone(), self.major(), streams, folder);
        Ok((spool, sums.into_values().collect()))
    }

    /// Reads one stream of a table.
    async fn read_part(
        &self,
        at: usize,
        part: usize,
        exemptions: Option<&Exemptions>,
        writer: &mut SpoolWriter,
        progress: &Progress<'_>,
    ) -> Result<(StreamExtent, Vec<Detection>)> {
        let (graph_table, table) = (&self.graph.tables[at], &self.tables[at]);
        let name = table.path();
        let failed = |error| Error::Copy { table: name.clone(), error };
        let columns: Vec<_> = graph_table.columns.iter().filter(|column| !column.generated).collect();
        let mut scanner =
            exemptions.map(|exemptions| RowScanner::for_columns(&graph_table.path, &columns, table.binary, exemptions));
        let from = writer.end();
        let mut stream = self.copy(at, part).await.map_err(failed)?;
        while let Some(piece) = stream.try_next().await.map_err(failed)? {
            if let Some(scanner) = &mut scanner {
                scanner.feed(&piece).map_err(failed)?;
            }
            writer.write(&piece).await?;
            progress.moved(&name, piece.len() as u64);
        }
        let mut detections = match scanner {
            Some(scanner) => scanner.finish().map_err(failed)?,
            None => Vec::new(),
        };
        detections.iter_mut().for_each(|detection| detection.of = table.rows);
        Ok((writer.extent(from), detections))
    }
}

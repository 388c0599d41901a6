//! Reading the rows of a sample once: they are kept here ([`Spool`]), and on the way every value that can hold text is
//! looked at as it would be copied, masks and all. Nothing is written anywhere else before that.

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
use super::spool::{Extent, Spool, Writer};
use crate::discover::audit::{Detection, Exemptions, RowScanner};
use crate::event::Listener;

/// The step that events of reading are of.
pub const STEP: &str = "read";

impl Extraction {
    /// Reads everything, over as many connections as there are `jobs`, and ends the transactions on the source.
    /// Answers the rows, and what looks personal in them; without `spared` nobody looks.
    ///
    /// # Errors
    /// What the source says, or the file system.
    pub async fn read(
        &self,
        spared: Option<&Exemptions>,
        jobs: usize,
        listener: &dyn Listener,
    ) -> Result<(Spool, Vec<Detection>)> {
        let folder: Arc<Path> = private_dir::large_temp_dir().into();
        let mut parts: Vec<(usize, usize)> = Vec::new();
        for at in (0..self.tables.len()).filter(|at| self.tables[*at].rows > 0) {
            parts.extend((0..self.parts(at)).map(|part| (at, part)));
        }
        // The longest first, so that none is left alone at the end.
        parts.sort_by_key(|(at, part)| (Reverse(self.tables[*at].bytes / self.parts(*at) as u64), *at, *part));
        let progress = &Progress::new(listener, STEP, self.tables.iter().map(|table| table.bytes).sum());
        let (next, parts, folder_ref) = (&AtomicUsize::new(0), &parts, &folder);
        let workers = (0..jobs.max(1)).map(|_| async move {
            let (mut done, mut writer) = (Vec::new(), Writer::new(folder_ref)?);
            while let Some((at, part)) = parts.get(next.fetch_add(1, Ordering::Relaxed)) {
                done.push(((*at, *part), self.read_one(*at, *part, spared, &mut writer, progress).await?));
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
            for one in findings {
                let place = (at, one.column.clone(), one.kind);
                match sums.get_mut(&place) {
                    Some(sum) => sum.rows += one.rows,
                    None => drop(sums.insert(place, one)),
                }
            }
        }
        let spool = Spool::new(self.tables.clone(), self.major(), streams, folder);
        Ok((spool, sums.into_values().collect()))
    }

    async fn read_one(
        &self,
        at: usize,
        part: usize,
        spared: Option<&Exemptions>,
        writer: &mut Writer,
        progress: &Progress<'_>,
    ) -> Result<(Extent, Vec<Detection>)> {
        let (of, table) = (&self.graph.tables[at], &self.tables[at]);
        let name = table.path();
        let failed = |error| Error::Copy { table: name.clone(), error };
        let columns: Vec<_> = of.columns.iter().filter(|column| !column.generated).collect();
        let mut scanner = spared.map(|spared| RowScanner::for_columns(&of.path, &columns, table.binary, spared));
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

//! What looks personal in the rows as they would be copied, masks and all: read once more, as text, before
//! anything is written anywhere.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::try_join_all;
use futures_util::stream::TryStreamExt;

use super::copy::{Extraction, expressions};
use super::pool::failed;
use super::{Error, Result};
use crate::scrub::audit::{Finding, Spared, Watch, may_hold_text};

impl Extraction {
    /// Looks at every value that is copied and can hold text, over as many connections as there are `jobs`.
    ///
    /// # Errors
    /// What the source says.
    pub async fn look(&self, spared: &Spared, jobs: usize) -> Result<Vec<Finding>> {
        let tables = self.tables.iter().enumerate().filter(|(_, table)| table.rows > 0);
        let mut parts: Vec<(usize, usize)> =
            tables.flat_map(|(at, _)| (0..self.parts_of(at)).map(move |part| (at, part))).collect();
        // The longest first, so that none is left alone at the end.
        parts.sort_by_key(|(at, part)| (Reverse(self.tables[*at].bytes / self.parts_of(*at) as u64), *at, *part));
        let (next, parts) = (&AtomicUsize::new(0), &parts);
        let workers = (0..jobs.max(1)).map(|_| async move {
            let mut found = Vec::new();
            while let Some((at, part)) = parts.get(next.fetch_add(1, Ordering::Relaxed)) {
                found.extend(self.look_at(*at, *part, spared).await?);
            }
            Ok::<_, Error>(found)
        });
        let mut sums: BTreeMap<_, Finding> = BTreeMap::new();
        for one in try_join_all(workers).await?.into_iter().flatten() {
            let place = (one.schema.clone(), one.table.clone(), one.column.clone(), one.kind);
            match sums.get_mut(&place) {
                Some(sum) => sum.rows += one.rows,
                None => drop(sums.insert(place, one)),
            }
        }
        Ok(sums.into_values().collect())
    }

    async fn look_at(&self, at: usize, part: usize, spared: &Spared) -> Result<Vec<Finding>> {
        let table = &self.graph.tables[at];
        let columns: Vec<_> = table.columns.iter().filter(|column| !column.generated).collect();
        let written = expressions(&self.graph, at, &self.masks);
        let textual = columns.iter().zip(written).filter(|(column, _)| may_hold_text(column));
        let (names, values): (Vec<String>, Vec<String>) =
            textual.map(|(column, written)| (column.name.clone(), Watch::value(&written))).unzip();
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let mut watch = Watch::new(&table.path, names, spared);
        let list = values.join(", ");
        for sql in self.statements_of(at, part, &list, "") {
            let mut lease = self.pool.take().await?;
            let session = lease.begin()?;
            let stream = session.client().copy_out(&sql).await.map_err(failed(&list))?;
            let mut stream = std::pin::pin!(stream);
            while let Some(piece) = stream.try_next().await.map_err(failed(&list))? {
                watch.feed(&piece);
            }
            lease.ended();
        }
        let of = self.tables[at].rows;
        Ok(watch.findings().into_iter().map(|finding| Finding { of, ..finding }).collect())
    }
}

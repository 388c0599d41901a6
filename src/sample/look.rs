//! What looks personal in the rows as they would be copied, masks and all: read once more, as text, before
//! anything is written anywhere.

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
        let next = &AtomicUsize::new(0);
        let workers = (0..jobs.max(1)).map(|_| async move {
            let mut found = Vec::new();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(table) = self.tables.get(at) else { return Ok::<_, Error>(found) };
                if table.rows > 0 {
                    found.extend(self.look_at(at, spared).await?);
                }
            }
        });
        let mut found: Vec<Finding> = try_join_all(workers).await?.into_iter().flatten().collect();
        found.sort();
        Ok(found)
    }

    async fn look_at(&self, at: usize, spared: &Spared) -> Result<Vec<Finding>> {
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
        for part in 0..self.parts_of(at) {
            for sql in self.statements_of(at, part, &values.join(", "), "") {
                let mut lease = self.pool.take().await?;
                let session = lease.begin()?;
                let stream = session.client().copy_out(&sql).await.map_err(failed(&sql))?;
                let mut stream = std::pin::pin!(stream);
                while let Some(piece) = stream.try_next().await.map_err(failed(&sql))? {
                    watch.feed(&piece);
                }
                lease.ended();
            }
        }
        Ok(watch.findings())
    }
}

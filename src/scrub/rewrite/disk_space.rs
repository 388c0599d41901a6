//! The disk that masking takes, estimated before anything is changed.

use std::fmt;

use super::plan::{Plan, Unit};
use super::{Method, Result};
use crate::pg::Session;

/// What masking takes at its most, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Need {
    /// New files of the tables that are rewritten at the same time: the old ones go when they are done.
    pub tables: u64,
    /// What building their largest indexes sorts on disk.
    pub sorting: u64,
    /// Write-ahead log, until a checkpoint lets it be recycled.
    pub wal: u64,
}

impl Need {
    /// All of it.
    pub fn total(&self) -> u64 {
        self.tables + self.sorting + self.wal
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (tables, sorting, wal) = (shown(self.tables), shown(self.sorting), shown(self.wal));
        write!(f, "{} ({tables} for tables, {sorting} for sorting, {wal} of write-ahead log)", shown(self.total()))
    }
}

/// For so many tables at the same time.
pub(super) async fn need(session: &Session, plan: &Plan, jobs: usize) -> Result<Need> {
    let row = session
        .query_one(
            "SELECT pg_catalog.current_setting('wal_level') = 'minimal', \
                 pg_catalog.pg_size_bytes(pg_catalog.current_setting('max_wal_size'))",
            &[],
        )
        .await?;
    Ok(estimate(plan, jobs, row.get(0), u64::try_from(row.get::<_, i64>(1)).unwrap_or(0)))
}

fn estimate(plan: &Plan, jobs: usize, minimal: bool, max_wal: u64) -> Need {
    let bytes = |bytes: i64| u64::try_from(bytes).unwrap_or(0);
    let mut each: Vec<(u64, u64)> = plan
        .units
        .iter()
        .filter(|unit| unit.method != Method::Nothing)
        .map(|unit| (bytes(extra(unit)), bytes(unit.largest_index())))
        .collect();
    let written: u64 = each.iter().map(|(tables, _)| tables).sum();
    // Those at work at the same time are at most the largest ones.
    each.sort_unstable_by(|a, b| b.cmp(a));
    each.truncate(jobs.max(1));
    Need {
        tables: each.iter().map(|(tables, _)| tables).sum(),
        sorting: each.iter().map(|(_, sorting)| sorting).sum(),
        // The setting is a soft limit: checkpoints are spread, and the log grows while one is at work.
        wal: if minimal { 0 } else { written.min(max_wal.saturating_mul(2)) },
    }
}

/// Bytes of a unit's new files; what was there is kept until the transaction ends.
fn extra(unit: &Unit) -> i64 {
    let heap: i64 = unit.tables.iter().flat_map(|table| &table.relations).map(|relation| relation.heap).sum();
    unit.bytes() + if unit.method == Method::Refill { heap } else { 0 }
}

/// A size for people.
pub(super) fn shown(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match UNITS.into_iter().find(|(size, _)| bytes >= *size) {
        // Tenths, rounded up: a need must not look smaller than it is.
        Some((size, unit)) => {
            let tenths = (u128::from(bytes) * 10).div_ceil(u128::from(size));
            format!("{}.{} {unit}", tenths / 10, tenths % 10)
        }
        None => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_for_people() {
        let sizes = [0, 1023, 1024, 1536, 5 << 20, (3 << 30) + 1].map(shown);
        assert_eq!(sizes, ["0 bytes", "1023 bytes", "1.0 KiB", "1.5 KiB", "5.0 MiB", "3.1 GiB"]);
    }

    #[test]
    fn the_largest_in_flight_count_and_the_log_is_bounded() {
        let unit = |heap: i64, index: i64, method| Unit::of_sizes(heap, index, method);
        let plan = Plan {
            units: vec![
                unit(100, 10, Method::Alter),
                unit(300, 30, Method::AlterWithout),
                unit(200, 20, Method::Refill),
                unit(900, 90, Method::Nothing),
            ],
            obstacles: Vec::new(),
        };
        let need = estimate(&plan, 2, false, 400);
        // 330 and 220 + 200; all of it is 860, more than twice the limit of the log.
        assert_eq!(need, Need { tables: 750, sorting: 50, wal: 800 });
        assert_eq!(estimate(&plan, 9, true, 400), Need { tables: 860, sorting: 60, wal: 0 });
        assert_eq!(estimate(&plan, 9, false, 4000).total(), 860 + 60 + 860);
    }
}

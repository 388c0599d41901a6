//! Estimates the disk space that masking needs, before anything is changed.

use super::disk_need::DiskNeed;
use super::error::Result;
use super::method::Method;
use super::unit::{Plan, Unit};
use crate::pg::Session;

/// Returns the disk space for `jobs` tables in parallel.
pub(super) async fn need(session: &Session, plan: &Plan, jobs: usize) -> Result<DiskNeed> {
    let row = session
        .query_one(
            "SELECT pg_catalog.current_setting('wal_level') = 'minimal', \
                 pg_catalog.pg_size_bytes(pg_catalog.current_setting('max_wal_size'))",
            &[],
        )
        .await?;
    Ok(estimate(plan, jobs, row.get(0), u64::try_from(row.get::<_, i64>(1)).unwrap_or(0)))
}

fn estimate(plan: &Plan, jobs: usize, minimal: bool, max_wal: u64) -> DiskNeed {
    let bytes = |bytes: i64| u64::try_from(bytes).unwrap_or(0);
    let mut each: Vec<(u64, u64)> = plan
        .units
        .iter()
        .filter(|unit| unit.method != Method::Nothing)
        .map(|unit| (bytes(new_files(unit)), bytes(unit.largest_index())))
        .collect();
    let written: u64 = each.iter().map(|(tables, _)| tables).sum();
    // The tables in work at any time are at most the largest ones.
    each.sort_unstable_by(|a, b| b.cmp(a));
    each.truncate(jobs.max(1));
    DiskNeed {
        tables: each.iter().map(|(tables, _)| tables).sum(),
        sorting: each.iter().map(|(_, sorting)| sorting).sum(),
        // max_wal_size is a soft limit: checkpoints are spread over time, and the log grows meanwhile.
        wal: if minimal { 0 } else { written.min(max_wal.saturating_mul(2)) },
    }
}

/// Returns the size of a unit's new files in bytes; the old ones stay until the transaction ends.
fn new_files(unit: &Unit) -> i64 {
    let heap: i64 = unit.tables.iter().flat_map(|table| &table.relations).map(|relation| relation.heap).sum();
    unit.bytes() + if unit.method == Method::Refill { heap } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_largest_parallel_tables_count_and_the_log_is_bounded() {
        let unit = |heap: i64, index: i64, method| Unit::of_sizes(heap, index, method);
        let plan = Plan {
            units: vec![
                unit(100, 10, Method::Alter),
                unit(300, 30, Method::AlterWithoutObstacles),
                unit(200, 20, Method::Refill),
                unit(900, 90, Method::Nothing),
            ],
            obstacles: Vec::new(),
        };
        let need = estimate(&plan, 2, false, 400);
        // 330 and 220 + 200; the sum of all is 860, more than twice the limit of the log.
        assert_eq!(need, DiskNeed { tables: 750, sorting: 50, wal: 800 });
        assert_eq!(estimate(&plan, 9, true, 400), DiskNeed { tables: 860, sorting: 60, wal: 0 });
        assert_eq!(estimate(&plan, 9, false, 4000).total(), 860 + 60 + 860);
    }
}

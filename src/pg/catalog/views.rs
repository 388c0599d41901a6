//! Reads materialized views in the order in which they can be refreshed.

use std::collections::{BTreeMap, BTreeSet};

use crate::pg::{Result, Session};

/// A materialized view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaterializedView {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// The role that owns it.
    pub owner: Option<String>,
    /// Whether it is populated.
    pub populated: bool,
}

/// Reads all materialized views, each after those that it reads.
///
/// # Errors
/// Server errors.
pub async fn materialized_views(session: &Session) -> Result<Vec<MaterializedView>> {
    let rows = session
        .query(
            "SELECT c.oid, n.nspname::text, c.relname::text, r.rolname::text, c.relispopulated \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             LEFT JOIN pg_catalog.pg_roles r ON r.oid = c.relowner \
             WHERE c.relkind = 'm' ORDER BY n.nspname, c.relname",
            &[],
        )
        .await?;
    // The views that each view reads, plain or materialized.
    let edges = session
        .query(
            "SELECT DISTINCT w.ev_class, d.refobjid FROM pg_catalog.pg_depend d \
             JOIN pg_catalog.pg_rewrite w ON w.oid = d.objid \
             JOIN pg_catalog.pg_class c ON c.oid = d.refobjid AND c.relkind IN ('v', 'm') \
             WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass \
               AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND w.ev_class <> d.refobjid",
            &[],
        )
        .await?;
    let mut reads: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for edge in &edges {
        reads.entry(edge.get(0)).or_default().push(edge.get(1));
    }
    let mut views: BTreeMap<u32, MaterializedView> = BTreeMap::new();
    let mut by_name = Vec::new();
    for row in &rows {
        let oid = row.get(0);
        by_name.push(oid);
        let view = MaterializedView { schema: row.get(1), name: row.get(2), owner: row.get(3), populated: row.get(4) };
        views.insert(oid, view);
    }
    Ok(depth_first(&by_name, &reads).into_iter().filter_map(|oid| views.remove(&oid)).collect())
}

/// Returns `starts` and all that they read, in topological order. Not recursive: a chain of views may exceed the stack.
fn depth_first(starts: &[u32], reads: &BTreeMap<u32, Vec<u32>>) -> Vec<u32> {
    let (mut order, mut seen) = (Vec::new(), BTreeSet::new());
    for start in starts {
        let mut stack = vec![(*start, false)];
        while let Some((oid, done)) = stack.pop() {
            if done {
                order.push(oid);
            } else if seen.insert(oid) {
                stack.push((oid, true));
                stack.extend(reads.get(&oid).into_iter().flatten().map(|read| (*read, false)));
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_topological_and_cycles_end() {
        let reads = BTreeMap::from([(1, vec![2]), (2, vec![3]), (3, vec![]), (4, vec![1, 2]), (5, vec![5])]);
        assert_eq!(depth_first(&[4, 1, 3, 5], &reads), [3, 2, 1, 4, 5]);
        let long: BTreeMap<u32, Vec<u32>> = (0..200_000).map(|at| (at, vec![at + 1])).collect();
        assert_eq!(depth_first(&[0], &long)[0], 200_000);
    }
}

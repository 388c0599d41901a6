//! Check constraints and unique indexes, by column.

use std::collections::{BTreeMap, BTreeSet};

use super::column::{Check, IndexKey, Unique};
use crate::pg::{Result, Session};

/// A table's object identifier and the position of one of its columns.
pub(super) type ColumnId = (u32, i32);

/// Check constraints.
#[derive(Default)]
pub(super) struct Checks {
    /// Those of tables, by each column that they mention.
    pub(super) columns: BTreeMap<ColumnId, Vec<Check>>,
    /// Those of domains.
    pub(super) domains: BTreeMap<u32, Vec<Check>>,
}

/// Reads all check constraints.
pub(super) async fn checks(session: &Session) -> Result<Checks> {
    // Versions before 18 have no conenforced. A check that is not enforced constrains nothing.
    let rows = session
        .query(
            "SELECT conname::text, pg_catalog.pg_get_constraintdef(oid), conrelid, conkey::int4[], contypid \
             FROM pg_catalog.pg_constraint k WHERE contype = 'c' \
               AND COALESCE((pg_catalog.to_jsonb(k) ->> 'conenforced')::bool, true) ORDER BY conname",
            &[],
        )
        .await?;
    let mut checks = Checks::default();
    for row in rows {
        let (table, domain): (u32, u32) = (row.get(2), row.get(4));
        let check = Check { name: row.get(0), definition: row.get(1), of_domain: domain != 0, of_elements: false };
        if domain != 0 {
            checks.domains.entry(domain).or_default().push(check);
        } else {
            for position in row.get::<_, Option<Vec<i32>>>(3).unwrap_or_default() {
                checks.columns.entry((table, position)).or_default().push(check.clone());
            }
        }
    }
    Ok(checks)
}

/// Reads all unique indexes and exclusion constraints, by each column that they depend on. The columns of expressions
/// and conditions are in `pg_depend` only.
pub(super) async fn unique(session: &Session) -> Result<BTreeMap<ColumnId, Vec<Unique>>> {
    // Read by way of JSON: versions before 15 have no indnullsnotdistinct.
    let rows = session
        .query(
            "SELECT c.relname::text, i.indrelid, i.indisexclusion, pg_catalog.pg_get_expr(i.indpred, i.indrelid), \
                    coalesce((pg_catalog.to_jsonb(i) ->> 'indnullsnotdistinct')::bool, false), \
                    ARRAY(SELECT a.attname::text FROM pg_catalog.generate_series(0, i.indnkeyatts - 1) AS k \
                          LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k] AND a.attnum <> 0 \
                          ORDER BY k), \
                    ARRAY(SELECT pg_catalog.pg_get_indexdef(i.indexrelid, k + 1, true) \
                          FROM pg_catalog.generate_series(0, i.indnkeyatts - 1) AS k ORDER BY k), \
                    ARRAY(SELECT i.indkey[k]::int4 FROM pg_catalog.generate_series(0, i.indnkeyatts - 1) AS k) \
                    || ARRAY(SELECT d.refobjsubid FROM pg_catalog.pg_depend d \
                             WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = i.indexrelid \
                               AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = i.indrelid \
                               AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL)) \
             FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
             WHERE i.indisunique OR i.indisexclusion ORDER BY c.relname",
            &[],
        )
        .await?;
    let mut found: BTreeMap<ColumnId, Vec<Unique>> = BTreeMap::new();
    for row in rows {
        let names: Vec<Option<String>> = row.get(5);
        let expressions: Vec<String> = row.get(6);
        let key = |(name, expression): (Option<String>, String)| match name {
            Some(name) => IndexKey::Column(name),
            None => IndexKey::Expression(expression),
        };
        let unique = Unique {
            name: row.get(0),
            keys: names.into_iter().zip(expressions).map(key).collect(),
            exclusion: row.get(2),
            predicate: row.get(3),
            nulls_not_distinct: row.get(4),
        };
        let positions: BTreeSet<i32> = row.get::<_, Vec<i32>>(7).into_iter().filter(|position| *position > 0).collect();
        for position in positions {
            found.entry((row.get(1), position)).or_default().push(unique.clone());
        }
    }
    Ok(found)
}

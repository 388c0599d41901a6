//! Foreign keys of which only the referenced column is masked.

use super::error::Result;
use super::method::Method;
use super::unit::Unit;
use crate::pg::{Session, identifier};

/// Returns one reason for each foreign key whose referenced column gets new values while the referencing one keeps the old.
pub(super) async fn reasons(session: &Session, units: &[Unit]) -> Result<Vec<String>> {
    let working = units.iter().filter(|unit| unit.method != Method::Nothing);
    let (relations, positions): (Vec<u32>, Vec<i16>) =
        working.flat_map(|unit| &unit.tables).flat_map(|table| table.masked.iter().copied()).unzip();
    let rows = session
        .query(
            "WITH hit AS (SELECT * FROM unnest($1::oid[], $2::int2[]) AS h(relation, position)) \
             SELECT DISTINCT k.conname::text, k.conrelid::regclass::text, a.attname::text, k.confrelid::regclass::text, fa.attname::text \
             FROM pg_catalog.pg_constraint k \
             CROSS JOIN LATERAL unnest(k.conkey, k.confkey) AS pair(here, there) \
             JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = pair.here \
             JOIN pg_catalog.pg_attribute fa ON fa.attrelid = k.confrelid AND fa.attnum = pair.there \
             WHERE k.contype = 'f' AND k.conparentid = 0 \
               AND EXISTS (SELECT FROM hit WHERE hit.relation = k.confrelid AND hit.position = pair.there) \
               AND NOT EXISTS (SELECT FROM hit WHERE hit.relation = k.conrelid AND hit.position = pair.here) \
             ORDER BY 2, 1",
            &[&relations, &positions],
        )
        .await?;
    let mut reasons = Vec::new();
    for row in &rows {
        let (key, table, column, other, there): (&str, &str, &str, &str, &str) =
            (row.get(0), row.get(1), row.get(2), row.get(3), row.get(4));
        let sql = format!("SELECT EXISTS (SELECT FROM {table} WHERE {} IS NOT NULL)", identifier(column));
        let used = match session.query_one(&sql, &[]).await {
            Ok(row) => row.get(0),
            Err(error) if error.is_disconnect() => return Err(error.into()),
            Err(_) => true,
        };
        if used {
            reasons.push(format!(
                "foreign key {key}: {other}.{there} is masked, and {table}.{column}, which references it, is not"
            ));
        }
    }
    Ok(reasons)
}

//! Constraints that rules vouch for: all rows are checked with their new values before anything is changed.

use super::error::{Error, Result};
use super::introspect::{MaskedTable, Relation};
use super::{redacted_exec, refill};
use crate::pg::{self, Session, identifier};

/// Constraints and unique indexes of a relation: name, condition that a row violates, grouped keys.
const CONSTRAINTS: &str = "
SELECT k.conname::text, pg_catalog.format('NOT (%s)', pg_catalog.pg_get_expr(k.conbin, k.conrelid)), ''
FROM pg_catalog.pg_constraint k
WHERE k.conrelid = $1 AND k.contype = 'c' AND pg_catalog.lower(k.conname) = ANY ($2::text[])
  AND COALESCE((pg_catalog.to_jsonb(k) ->> 'conenforced')::bool, true)
UNION ALL
SELECT c.relname::text,
    pg_catalog.concat_ws(' AND ', 'true', pg_catalog.pg_get_expr(i.indpred, i.indrelid),
        CASE WHEN NOT COALESCE((pg_catalog.to_jsonb(i) ->> 'indnullsnotdistinct')::bool, false)
            THEN pg_catalog.string_agg(pg_catalog.format('(%s) IS NOT NULL', key.sql), ' AND ') END),
    pg_catalog.format('GROUP BY %s HAVING pg_catalog.count(*) > 1', pg_catalog.string_agg(pg_catalog.format('(%s)', key.sql), ', '))
FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
CROSS JOIN LATERAL (SELECT pg_catalog.pg_get_indexdef(i.indexrelid, n, true) AS sql
    FROM pg_catalog.generate_series(1, i.indnkeyatts) AS n) AS key
WHERE i.indrelid = $1 AND i.indisunique AND NOT i.indisexclusion AND pg_catalog.lower(c.relname) = ANY ($2::text[])
GROUP BY i.indexrelid, i.indrelid, i.indpred, c.relname, pg_catalog.to_jsonb(i)";

/// Class of the SQLSTATEs of violated constraints.
const INTEGRITY_VIOLATION: &str = "23";

/// Fails if the new values of a row violate a constraint that a rule vouches for. Changes nothing.
pub(super) async fn check(session: &Session, tables: &[MaskedTable]) -> Result<()> {
    let mut reasons = Vec::new();
    for table in tables {
        let names: Vec<String> = table
            .mask
            .columns
            .iter()
            .flat_map(|column| &column.expression.vouched)
            .map(|name| name.to_lowercase())
            .collect();
        if names.is_empty() {
            continue;
        }
        for relation in table.relations.iter().filter(|relation| relation.kind != 'f') {
            session.run("BEGIN").await?;
            let violated = violated(session, table, relation, &names).await;
            session.run("ROLLBACK").await?;
            if let Some(constraint) = violated? {
                reasons.push(format!(
                    "{}: masked values violate {constraint}, for which the configuration vouches",
                    relation.shown
                ));
            }
        }
    }
    if reasons.is_empty() { Ok(()) } else { Err(Error::Refused(reasons)) }
}

/// Returns the first violated constraint. The caller rolls back.
async fn violated(
    session: &Session,
    table: &MaskedTable,
    relation: &Relation,
    names: &[String],
) -> pg::Result<Option<String>> {
    // The policies of a table may be forced on its owner.
    let forced: bool =
        session.query_one("SELECT pg_catalog.row_security_active($1::oid)", &[&relation.oid]).await?.get(0);
    if forced {
        session.run(&format!("ALTER TABLE {} NO FORCE ROW LEVEL SECURITY", relation.sql)).await?;
    }
    let mut tests: Vec<(String, String, String)> = session
        .query(CONSTRAINTS, &[&relation.oid, &names])
        .await?
        .iter()
        .map(|row| (row.get(0), row.get(1), row.get(2)))
        .collect();
    let not_null =
        table.mask.columns.iter().filter(|column| column.expression.vouched.iter().any(|it| it == "NOT NULL"));
    tests.extend(not_null.map(|column| {
        let name = identifier(&column.name);
        (format!("NOT NULL of {name}"), format!("{name} IS NULL"), String::new())
    }));
    // The conditions of domains are tested by the casts in the masked values.
    tests.push((String::new(), "false".to_owned(), String::new()));
    let (_, values) = refill::columns(session, table, relation.oid).await?;
    let only = if relation.kind == 'p' { "" } else { "ONLY " };
    for (name, condition, grouping) in tests {
        let rows = format!("(SELECT {values} FROM {only}{} OFFSET 0) AS masked", relation.sql);
        let sql = format!(
            "SELECT pg_catalog.set_config('devdb.violated', \
             EXISTS (SELECT FROM {rows} WHERE {condition} {grouping})::pg_catalog.text, true)"
        );
        match redacted_exec::run(session, &sql).await {
            Ok(()) => {}
            Err(pg::Error::Server(error)) if error.code.starts_with(INTEGRITY_VIOLATION) => {
                return Ok(Some(error.object.unwrap_or_else(|| "a constraint".to_owned())));
            }
            Err(error) => return Err(error),
        }
        let violated: bool = session
            .query_one("SELECT pg_catalog.current_setting('devdb.violated')::pg_catalog.bool", &[])
            .await?
            .get(0);
        if violated {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

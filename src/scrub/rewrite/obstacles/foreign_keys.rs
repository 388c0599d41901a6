//! Foreign keys with a masked column on either side: they do not hold while only one side has new values. The same is done for keys
//! whose unique index INCLUDEs a masked column: the server rebuilds that index, on which they depend. They are recreated under
//! their name, unvalidated where possible, and validated by one scan each, several in parallel.

use super::obstacle::{Deferred, Obstacle, Round};
use super::sql::comment;
use crate::pg::{Result, Session, identifier};
use crate::pg::{display_name, qualified_name};

/// Returns the foreign keys over altered columns, and all of refilled tables: `TRUNCATE` refuses a table that another one
/// references, and checking row by row takes several times longer than validating.
pub(super) async fn find(session: &Session, altered: &[(u32, i16)], refilled: &[u32]) -> Result<Vec<Obstacle>> {
    let (relations, positions): (Vec<u32>, Vec<i16>) = altered.iter().copied().unzip();
    let rows = session
        .query(
            "WITH hit AS (SELECT * FROM unnest($1::oid[], $2::int2[]) AS h(relation, position)) \
             SELECT k.conrelid, k.confrelid, k.conname::text, pg_catalog.pg_get_constraintdef(k.oid), k.convalidated, \
                 n.nspname::text, c.relname::text, c.relkind = 'p', r.rolname::text, rr.rolname::text, \
                 pg_catalog.obj_description(k.oid, 'pg_constraint'), \
                 ARRAY(SELECT pg_catalog.format('%I.%I', fn.nspname, f.relname) FROM pg_catalog.pg_class f \
                       JOIN pg_catalog.pg_namespace fn ON fn.oid = f.relnamespace \
                       WHERE f.oid IN (k.conrelid, k.confrelid) AND f.relforcerowsecurity) \
             FROM pg_catalog.pg_constraint k \
             JOIN pg_catalog.pg_class c ON c.oid = k.conrelid \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             JOIN pg_catalog.pg_roles r ON r.oid = c.relowner \
             JOIN pg_catalog.pg_class rc ON rc.oid = k.confrelid \
             JOIN pg_catalog.pg_roles rr ON rr.oid = rc.relowner \
             WHERE k.contype = 'f' AND k.conparentid = 0 AND ( \
                 k.conrelid = ANY ($3) OR k.confrelid = ANY ($3) \
                 OR EXISTS (SELECT FROM hit WHERE hit.relation = k.conrelid AND hit.position = ANY (k.conkey)) \
                 OR EXISTS (SELECT FROM hit WHERE hit.relation = k.confrelid AND hit.position = ANY (k.confkey)) \
                 OR EXISTS (SELECT FROM hit JOIN pg_catalog.pg_index i ON i.indrelid = hit.relation \
                            WHERE i.indexrelid = k.conindid AND hit.position = ANY (i.indkey::int2[]))) \
             ORDER BY k.oid",
            &[&relations, &positions, &refilled],
        )
        .await?;
    Ok(rows
        .iter()
        .map(|row| {
            let (table, name) = (qualified_name(row.get(5), row.get(6)), identifier(row.get(2)));
            let (validated, partitioned): (bool, bool) = (row.get(4), row.get(7));
            let comment = comment(&format!("CONSTRAINT {name} ON {table}"), row.get(10));
            let add = format!("ALTER TABLE {table} ADD CONSTRAINT {name} {}", row.get::<_, &str>(3));
            let deferred = |round, sql| Some(Deferred { round, lane: table.clone(), sql });
            let forced: Vec<String> = row.get(11);
            let (restore, deferred) = match (validated, partitioned || !forced.is_empty()) {
                // The definition says whether it is not valid or not enforced.
                (false, _) => (add + &comment, None),
                // Before PostgreSQL 18, a partitioned table accepts no foreign key that is NOT VALID.
                (true, true) => (String::new(), deferred(Round::Add, unforced(&forced, &(add + &comment)))),
                (true, false) => (
                    format!("{add} NOT VALID{comment}"),
                    deferred(Round::Validate, format!("ALTER TABLE {table} VALIDATE CONSTRAINT {name}")),
                ),
            };
            Obstacle {
                name: format!("foreign key {} of {}", row.get::<_, &str>(2), display_name(row.get(5), row.get(6))),
                relations: [row.get(0), row.get(1)].into(),
                owners: [row.get(8), row.get(9)].into(),
                remove: format!("ALTER TABLE {table} DROP CONSTRAINT {name}"),
                restore,
                deferred,
                required: true,
                ..Obstacle::default()
            }
        })
        .collect())
}

/// Returns statements that suspend forced policies: the validating scan is subject to them and would miss rows of either side.
fn unforced(tables: &[String], sql: &str) -> String {
    let each = |clause: &str| -> Vec<String> {
        tables.iter().map(|table| format!("ALTER TABLE {table} {clause} ROW LEVEL SECURITY")).collect()
    };
    [each("NO FORCE"), vec![sql.to_owned()], each("FORCE")].concat().join("; ")
}

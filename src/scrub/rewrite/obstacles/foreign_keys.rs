//! Foreign keys with a masked column on either side: while one side has new values and the other has
//! not, they do not hold. They come back under their name, unchecked where that is possible, and are
//! validated by one scan each, several at the same time.

use super::{Late, Obstacle, Round, comment};
use crate::pg::{Result, Session, display_name, identifier, qualified_name};

/// Those over altered columns, and all of tables that are filled anew: `TRUNCATE` refuses a table that
/// another one references, and checking row by row takes several times longer than validating.
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
                 OR EXISTS (SELECT FROM hit WHERE hit.relation = k.confrelid AND hit.position = ANY (k.confkey))) \
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
            let late = |round, sql| Some(Late { round, lane: table.clone(), sql });
            let forced: Vec<String> = row.get(11);
            let (back, late) = match (validated, partitioned || !forced.is_empty()) {
                // What was not valid, or is not enforced, says so in its definition.
                (false, _) => (add + &comment, None),
                // Before PostgreSQL 18 a partitioned table takes none that is not validated at once.
                (true, true) => (String::new(), late(Round::Add, unforced(&forced, &(add + &comment)))),
                (true, false) => (
                    format!("{add} NOT VALID{comment}"),
                    late(Round::Validate, format!("ALTER TABLE {table} VALIDATE CONSTRAINT {name}")),
                ),
            };
            Obstacle {
                what: format!("foreign key {} of {}", row.get::<_, &str>(2), display_name(row.get(5), row.get(6))),
                touches: [row.get(0), row.get(1)].into(),
                owners: [row.get(8), row.get(9)].into(),
                down: format!("ALTER TABLE {table} DROP CONSTRAINT {name}"),
                back,
                late,
                required: true,
                ..Obstacle::default()
            }
        })
        .collect())
}

/// The scan that validates a key is subject to policies that are forced on a table's owner, who would
/// then not see rows of either side.
fn unforced(tables: &[String], sql: &str) -> String {
    let each = |word: &str| -> Vec<String> {
        tables.iter().map(|table| format!("ALTER TABLE {table} {word} ROW LEVEL SECURITY")).collect()
    };
    [each("NO FORCE"), vec![sql.to_owned()], each("FORCE")].concat().join("; ")
}

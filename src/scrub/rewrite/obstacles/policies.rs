//! Row-level security policies whose conditions name a masked column, of whatever table they are.
//! Their conditions are replaced by `false` for a while: nobody sees a row meanwhile.

use super::{DEPENDING, Hits, Obstacle};
use crate::pg::{Result, Session, display_name, identifier, qualified_name};

pub(super) async fn find(session: &Session, hits: &Hits) -> Result<Vec<Obstacle>> {
    let sql = format!(
        "SELECT pg_catalog.array_agg(DISTINCT hit.relation), n.nspname::text, t.relname::text, r.rolname::text, p.polname::text, \
             pg_catalog.pg_get_expr(p.polqual, p.polrelid), pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) \
         FROM {DEPENDING} \
         JOIN pg_catalog.pg_policy p ON d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass AND p.oid = d.objid \
         JOIN pg_catalog.pg_class t ON t.oid = p.polrelid \
         JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace \
         JOIN pg_catalog.pg_roles r ON r.oid = t.relowner \
         GROUP BY p.oid, p.polname, p.polqual, p.polwithcheck, p.polrelid, n.nspname, t.relname, r.rolname ORDER BY p.oid"
    );
    let rows = hits.ask(session, &sql).await?;
    Ok(rows
        .iter()
        .map(|row| {
            let policy =
                format!("ALTER POLICY {} ON {}", identifier(row.get(4)), qualified_name(row.get(1), row.get(2)));
            let (mut down, mut back) = (policy.clone(), policy);
            for (clause, expression) in [("USING", row.get::<_, Option<&str>>(5)), ("WITH CHECK", row.get(6))] {
                if let Some(expression) = expression {
                    down.push_str(&format!(" {clause} (false)"));
                    back.push_str(&format!(" {clause} ({expression})"));
                }
            }
            Obstacle {
                what: format!("policy {} on {}", row.get::<_, &str>(4), display_name(row.get(1), row.get(2))),
                touches: hits.behind(&row.get::<_, Vec<u32>>(0)),
                owners: [row.get(3)].into(),
                down,
                back,
                ..Obstacle::default()
            }
        })
        .collect())
}

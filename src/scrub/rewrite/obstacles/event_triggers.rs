//! Event triggers, which fire on devdb's own schema changes. Usually they are already disabled as hazards, or prevented from
//! firing by `session_replication_role`; this covers the remaining cases.

use super::obstacle::Obstacle;
use crate::pg::{Result, Session, identifier};

pub(super) async fn find(session: &Session) -> Result<Vec<Obstacle>> {
    // Those of an extension keep that extension's own tables consistent.
    let rows = session
        .query(
            "SELECT t.evtname::text, r.rolname::text, \
                 CASE t.evtenabled WHEN 'A' THEN 'ENABLE ALWAYS' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE' END \
             FROM pg_catalog.pg_event_trigger t JOIN pg_catalog.pg_roles r ON r.oid = t.evtowner \
             WHERE t.evtevent <> 'login' AND NOT EXISTS ( \
                     SELECT FROM pg_catalog.pg_depend d \
                     WHERE d.classid = 'pg_catalog.pg_event_trigger'::pg_catalog.regclass AND d.objid = t.oid AND d.deptype = 'e') \
               AND CASE pg_catalog.current_setting('session_replication_role') \
                       WHEN 'replica' THEN t.evtenabled IN ('A', 'R') ELSE t.evtenabled IN ('A', 'O') END \
             ORDER BY t.evtname",
            &[],
        )
        .await?;
    Ok(rows
        .iter()
        .map(|row| {
            let trigger = identifier(row.get(0));
            Obstacle {
                name: format!("event trigger {}", row.get::<_, &str>(0)),
                owners: [row.get(1)].into(),
                remove: format!("ALTER EVENT TRIGGER {trigger} DISABLE"),
                restore: format!("ALTER EVENT TRIGGER {trigger} {}", row.get::<_, &str>(2)),
                required: true,
                ..Obstacle::default()
            }
        })
        .collect())
}

//! Event triggers: they fire on devdb's own schema changes and may copy the statements elsewhere.

use async_trait::async_trait;

use super::hazard::{Finding, Hazard};
use crate::pg::{Result, Session, identifier};

pub(super) struct EventTriggers;

#[async_trait]
impl Hazard for EventTriggers {
    fn name(&self) -> &'static str {
        "event-triggers"
    }

    fn about(&self) -> &'static str {
        "an event trigger runs production's code on every change of the schema, or on every login; it is disabled"
    }

    async fn detect(&self, session: &Session) -> Result<Vec<Finding>> {
        // Those of an extension keep that extension's own tables consistent.
        let rows = session
            .query(
                "SELECT t.evtname::text, t.evtevent::text, r.rolname::text FROM pg_catalog.pg_event_trigger t \
                 LEFT JOIN pg_catalog.pg_roles r ON r.oid = t.evtowner \
                 WHERE t.evtenabled <> 'D' AND NOT EXISTS ( \
                     SELECT FROM pg_catalog.pg_depend d \
                     WHERE d.classid = 'pg_catalog.pg_event_trigger'::pg_catalog.regclass AND d.objid = t.oid \
                       AND d.deptype = 'e') \
                 ORDER BY t.evtname",
                &[],
            )
            .await?;
        Ok(rows
            .iter()
            .map(|row| {
                let (name, event, owner): (String, String, Option<String>) = (row.get(0), row.get(1), row.get(2));
                let disable = format!("ALTER EVENT TRIGGER {} DISABLE", identifier(&name));
                Finding {
                    description: format!("event trigger {name:?} on {event}"),
                    effect: "disabled",
                    owner,
                    remedy: format!("run {disable} as its owner or a superuser"),
                    defusals: vec![disable],
                    // It sees statements, not rows, and cannot leave the clone.
                    blocks: false,
                }
            })
            .collect())
    }
}

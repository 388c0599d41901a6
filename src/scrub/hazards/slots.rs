//! Replication slots of production's consumers: nothing reads them in the clone, so they retain WAL until the disk is full.

use async_trait::async_trait;

use super::hazard::{Finding, Hazard};
use crate::pg::{Result, Session, literal};

pub(super) struct ReplicationSlots;

#[async_trait]
impl Hazard for ReplicationSlots {
    fn name(&self) -> &'static str {
        "replication-slots"
    }

    fn about(&self) -> &'static str {
        "a slot that nothing reads retains WAL until the disk is full; inactive slots are dropped"
    }

    async fn detect(&self, session: &Session) -> Result<Vec<Finding>> {
        // A logical slot can be dropped only from its own database.
        let rows = session
            .query(
                "SELECT slot_name::text, slot_type, active, active_pid FROM pg_catalog.pg_replication_slots \
                 WHERE NOT temporary AND (database IS NULL OR database = pg_catalog.current_database()) \
                 ORDER BY slot_name",
                &[],
            )
            .await?;
        Ok(rows
            .iter()
            .map(|row| {
                let (name, kind, active): (String, String, bool) = (row.get(0), row.get(1), row.get(2));
                let drop = format!("SELECT pg_catalog.pg_drop_replication_slot({})", literal(&name));
                Finding {
                    description: format!("{kind} replication slot {name:?}{}", if active { ", in use" } else { "" }),
                    effect: "dropped",
                    owner: None,
                    remedy: format!("run {drop} as a role with REPLICATION once the slot is inactive"),
                    // An active slot has a consumer inside the quarantine, which is not ours to disconnect.
                    defusals: if active { vec![] } else { vec![drop] },
                    // It sends nothing to the outside; it only fills the disk.
                    blocks: false,
                }
            })
            .collect())
    }
}

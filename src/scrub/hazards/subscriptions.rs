//! Logical replication subscriptions: a clone with an enabled one takes over production's slot, and with it rows that the
//! real subscriber then never receives.

use async_trait::async_trait;

use super::hazard::{Finding, Hazard};
use crate::pg::{Result, Session, identifier};

pub(super) struct Subscriptions;

/// A connection string that addresses no server: a socket directory that does not exist, so that no name is resolved. The
/// password satisfies servers that require one for roles that are no superusers.
const NOWHERE: &str = "host=/devdb/nowhere password=none";

#[async_trait]
impl Hazard for Subscriptions {
    fn name(&self) -> &'static str {
        "subscriptions"
    }

    fn about(&self) -> &'static str {
        "a subscription would take over production's replication slot; it is disabled, detached from its slot and \
         its publisher, and only then dropped"
    }

    async fn detect(&self, session: &Session) -> Result<Vec<Finding>> {
        // The catalog is shared, but a subscription can be dropped only from its own database. These are the columns
        // that a role without superuser rights may read.
        let rows = session
            .query(
                "SELECT s.subname::text, s.subenabled, s.subslotname::text, r.rolname::text \
                 FROM pg_catalog.pg_subscription s \
                 JOIN pg_catalog.pg_database d ON d.oid = s.subdbid \
                 LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.subowner \
                 WHERE d.datname = pg_catalog.current_database() ORDER BY s.subname",
                &[],
            )
            .await?;
        Ok(rows.iter().map(|row| finding(row.get(0), row.get(1), row.get(2), row.get(3))).collect())
    }
}

fn finding(name: String, enabled: bool, slot: Option<String>, owner: Option<String>) -> Finding {
    let state = if enabled { "enabled" } else { "disabled" };
    let slot_words = slot.as_ref().map_or_else(|| "no slot".to_owned(), |slot| format!("slot {slot:?}"));
    let defusal = detach_and_drop(&name);
    Finding {
        description: format!("subscription {name:?}, {state}, {slot_words}"),
        effect: "detached and dropped",
        owner,
        blocks: enabled || slot.is_some(),
        remedy: format!(
            "run as its owner or a superuser, in this order: {defusal}; never run DROP SUBSCRIPTION alone: that drops \
             production's slot; `max_logical_replication_workers = 0` in the parameter group keeps it from starting"
        ),
        defusals: vec![defusal],
    }
}

/// Returns the statements in the only order that does not touch production. `DROP SUBSCRIPTION` drops the slot on the
/// publisher, hence `slot_name = NONE` first. Even then, while tables are still being copied, it connects to drop the slots
/// of those copies, which the real subscriber is using: hence another address before that.
fn detach_and_drop(name: &str) -> String {
    let name = identifier(name);
    format!(
        "ALTER SUBSCRIPTION {name} DISABLE; ALTER SUBSCRIPTION {name} CONNECTION '{NOWHERE}'; \
         ALTER SUBSCRIPTION {name} SET (slot_name = NONE); DROP SUBSCRIPTION {name}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slot_is_detached_before_the_drop() {
        let sql = detach_and_drop("s\"x");
        let at = |word: &str| sql.find(word).unwrap();
        assert!(at("DISABLE") < at("CONNECTION") && at("CONNECTION") < at("slot_name = NONE"), "{sql}");
        assert!(at("slot_name = NONE") < at("DROP SUBSCRIPTION \"s\"\"x\""), "{sql}");
    }
}

//! Logical replication subscriptions: a clone with a live one takes production's slot, and with it
//! rows that the real subscriber never gets.

use async_trait::async_trait;

use super::{Finding, Hazard};
use crate::pg::{Result, Session, identifier};

pub(super) struct Subscriptions;

/// A connection string that leads to no server: a socket directory that does not exist, so that not
/// even a name is looked up. The password satisfies servers that demand one of a plain user.
const NOWHERE: &str = "host=/devdb/nowhere password=none";

#[async_trait]
impl Hazard for Subscriptions {
    fn name(&self) -> &'static str {
        "subscriptions"
    }

    fn about(&self) -> &'static str {
        "a subscription would take over production's replication slot; it is disabled, cut off from its slot and \
         its publisher, and only then dropped"
    }

    async fn detect(&self, session: &Session) -> Result<Vec<Finding>> {
        // A shared catalog, but a subscription can be dropped only from its own database. The
        // columns named here are the ones that a plain user may read.
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
    let defusal = cut_off_and_drop(&name);
    Finding {
        what: format!("subscription {name:?}, {state}, {slot_words}"),
        done: "cut off and dropped",
        owner,
        blocks: enabled || slot.is_some(),
        remedy: format!(
            "run as its owner or a superuser, in this order: {defusal}; never DROP SUBSCRIPTION alone, that drops \
             production's slot; `max_logical_replication_workers = 0` in the parameter group keeps it from starting"
        ),
        ways: vec![defusal],
    }
}

/// The only order that leaves production alone. `DROP SUBSCRIPTION` drops the slot on the publisher,
/// therefore `slot_name = NONE` first. Even so, while tables are still being copied, it connects to drop
/// the slots of their copies, which the real subscriber is using: therefore another address before.
fn cut_off_and_drop(name: &str) -> String {
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
    fn the_slot_is_cut_off_before_the_drop() {
        let sql = cut_off_and_drop("s\"x");
        let at = |word: &str| sql.find(word).unwrap();
        assert!(at("DISABLE") < at("CONNECTION") && at("CONNECTION") < at("slot_name = NONE"), "{sql}");
        assert!(at("slot_name = NONE") < at("DROP SUBSCRIPTION \"s\"\"x\""), "{sql}");
    }
}

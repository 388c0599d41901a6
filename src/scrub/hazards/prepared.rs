//! Prepared transactions: they survive a restore with all their locks, which the scrub would wait for without end.

use async_trait::async_trait;

use super::hazard::{Finding, Hazard};
use crate::pg::{Result, Session, literal};

pub(super) struct PreparedTransactions;

#[async_trait]
impl Hazard for PreparedTransactions {
    fn name(&self) -> &'static str {
        "prepared-transactions"
    }

    fn about(&self) -> &'static str {
        "transactions prepared for two-phase commit hold their locks until they end; they are rolled back"
    }

    async fn detect(&self, session: &Session) -> Result<Vec<Finding>> {
        // A prepared transaction can be rolled back only from its own database, by its owner.
        let rows = session
            .query(
                "SELECT gid, owner::text, prepared::text FROM pg_catalog.pg_prepared_xacts \
                 WHERE database = pg_catalog.current_database() ORDER BY prepared, gid",
                &[],
            )
            .await?;
        Ok(rows
            .iter()
            .map(|row| {
                let (gid, owner, since): (String, Option<String>, String) = (row.get(0), row.get(1), row.get(2));
                Finding {
                    description: format!(
                        "prepared transaction {gid:?} of {}, since {since}",
                        owner.as_deref().unwrap_or("a dropped role")
                    ),
                    effect: "rolled back",
                    owner,
                    defusals: vec![format!("ROLLBACK PREPARED {}", literal(&gid))],
                    blocks: true,
                    remedy: format!("run ROLLBACK PREPARED {} as its owner or a superuser", literal(&gid)),
                }
            })
            .collect())
    }
}

/// Returns the prepared transactions of the session's database.
pub async fn prepared_transactions(session: &Session) -> Result<Vec<Finding>> {
    PreparedTransactions.detect(session).await
}

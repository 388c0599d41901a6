//! The contract of a hazard: detect, defuse, verify.

use async_trait::async_trait;

use crate::pg::as_owner::run_as_owner;
use crate::pg::{Result, Session};

/// One instance of a hazard in a clone.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What was found, for people: `app.notification_outbox: 1,204 rows, 37 waiting`.
    pub description: String,
    /// What defusing does to it, for people: `emptied`.
    pub effect: &'static str,
    /// The role whose privileges defusing may need.
    pub owner: Option<String>,
    /// Statements that defuse it, best first; each entry is one transaction. Empty if it can only be reported.
    pub defusals: Vec<String>,
    /// Whether it blocks publication.
    pub blocks: bool,
    /// What the user can do if no defusal works.
    pub remedy: String,
}

/// Something that can act on the outside or let somebody in.
#[async_trait]
pub trait Hazard: Send + Sync {
    /// Name in `hazards.keep` of the configuration.
    fn name(&self) -> &'static str;

    /// What it could do and what defusing does about it; one sentence for the documentation.
    fn about(&self) -> &'static str;

    /// Returns the findings in the session's database. Objects of the whole instance (slots, settings of roles) are
    /// found from every database, and defused from the first one.
    async fn detect(&self, session: &Session) -> Result<Vec<Finding>>;

    /// Defuses one finding by the first of its defusals that succeeds. Returns the last error if none does.
    async fn defuse(&self, session: &Session, finding: &Finding) -> Result<()> {
        let mut refusal = None;
        for sql in &finding.defusals {
            match run_as_owner(session, finding.owner.as_deref(), sql).await {
                Ok(_) => return Ok(()),
                Err(error) if error.is_disconnect() => return Err(error),
                Err(error) => refusal = Some(error),
            }
        }
        refusal.map_or(Ok(()), Err)
    }

    /// Returns what still blocks publication, read back from the catalog.
    async fn verify(&self, session: &Session) -> Result<Vec<Finding>> {
        Ok(self.detect(session).await?.into_iter().filter(|finding| finding.blocks).collect())
    }
}

/// Whether a relation exists; a name that does not resolve does not.
pub(super) async fn relation_exists(session: &Session, relation: &str) -> Result<bool> {
    Ok(session.query_one("SELECT pg_catalog.to_regclass($1) IS NOT NULL", &[&relation]).await?.get(0))
}

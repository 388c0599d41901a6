//! Verifies that no hazard of a database is left.

use std::collections::BTreeMap;

use super::catalogue::all;
use crate::pg::strict_settings::{apply_strict_settings, reset_settings};
use crate::pg::{Result, Session};

/// A finding that blocks publication.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Remaining {
    /// Name of the hazard.
    pub hazard: &'static str,
    /// The database that it was found from.
    pub database: String,
    /// What was found, and why it could not be defused as far as that is known.
    pub description: String,
    /// What the user can do.
    pub remedy: String,
}

/// Returns the findings in the session's database that block publication. A hazard whose detection fails counts as found.
pub async fn remaining(session: &Session, kept: &BTreeMap<String, String>) -> Result<Vec<Remaining>> {
    apply_strict_settings(session).await?;
    let mut remaining = Vec::new();
    for hazard in all().into_iter().filter(|hazard| !kept.contains_key(hazard.name())) {
        let (name, database) = (hazard.name(), session.database().to_owned());
        match hazard.verify(session).await {
            Ok(findings) => {
                for finding in findings {
                    let resistance = resistance(session, finding.owner.as_deref()).await?;
                    let description = format!("{}{resistance}", finding.description);
                    let database = database.clone();
                    remaining.push(Remaining { hazard: name, database, description, remedy: finding.remedy });
                }
            }
            Err(error) if error.is_disconnect() => return Err(error),
            Err(error) => remaining.push(Remaining {
                hazard: name,
                database,
                description: format!("detection failed: {error}"),
                remedy: format!(
                    "grant the master user the privileges that detection needs, or keep {name} with a reason under `hazards:`"
                ),
            }),
        }
    }
    reset_settings(session).await?;
    Ok(remaining)
}

/// Returns why an object of `owner` may have resisted, as the end of a sentence; empty if nothing is known.
async fn resistance(session: &Session, owner: Option<&str>) -> Result<String> {
    let Some(owner) = owner else { return Ok(String::new()) };
    let rows = session
        .query(
            "SELECT r.rolsuper, pg_catalog.pg_has_role(r.oid, 'MEMBER') FROM pg_catalog.pg_roles r \
             WHERE r.rolname = $1::text::name",
            &[&owner],
        )
        .await?;
    Ok(match rows.first().map(|row| (row.get::<_, bool>(0), row.get::<_, bool>(1))) {
        Some((true, false)) => format!("; it belongs to {owner}, a superuser"),
        Some((false, false)) => format!("; it belongs to {owner}, whose privileges the master user does not have"),
        _ => String::new(),
    })
}

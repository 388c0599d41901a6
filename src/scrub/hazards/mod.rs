//! What in a clone can act on the outside, and making it harmless.
//!
//! Each hazard is detected, defused and verified by its own file; tables that a worker would act on
//! (job queues, outboxes, schedules) are one idea with many shapes and share [`tables`]. Publications
//! are no hazard: a clone that nobody subscribes to sends nothing.

mod event_triggers;
mod extensions;
mod foreign_servers;
mod pg_cron;
mod prepared;
mod settings;
mod shapes;
mod slots;
mod subscriptions;
mod tables;
mod timescaledb;

use std::collections::BTreeMap;

use async_trait::async_trait;

use crate::event::{Event, Listener};
use crate::pg::as_owner::{act, careful, usual};
use crate::pg::{Error, Result, Session};

/// One thing found in a clone.
#[derive(Clone, Debug)]
pub struct Finding {
    /// What it is, in words: `app.notification_outbox, 1,204 rows, 37 of them waiting`.
    pub what: String,
    /// What defusing does to it, in words: `emptied`.
    pub done: &'static str,
    /// The role whose rights defusing may need.
    pub owner: Option<String>,
    /// Ways to defuse it, best first; each is one transaction. Without any it can only be reported.
    pub ways: Vec<String>,
    /// Whether a clone may be published with it.
    pub blocks: bool,
    /// What a person does when no way worked.
    pub remedy: String,
}

/// Something that can act on the outside or let somebody in.
#[async_trait]
pub trait Hazard: Send + Sync {
    /// Its name in `hazards.keep` of the configuration.
    fn name(&self) -> &'static str;

    /// What it could do, and what defusing does about it; one sentence for the documentation.
    fn about(&self) -> &'static str;

    /// What of it the session's database holds. Things of the whole instance (slots, settings of
    /// roles) are found from every database; the first one defuses them.
    async fn detect(&self, session: &Session) -> Result<Vec<Finding>>;

    /// Makes one finding harmless: by its first way that works.
    async fn defuse(&self, session: &Session, finding: &Finding) -> Result<()> {
        let mut refusal = None;
        for way in &finding.ways {
            match act(session, finding.owner.as_deref(), way).await {
                Ok(_) => return Ok(()),
                Err(error) if error.is_disconnect() => return Err(error),
                Err(error) => refusal = Some(error),
            }
        }
        refusal.map_or(Ok(()), Err)
    }

    /// What is still dangerous, read back from the catalog.
    async fn verify(&self, session: &Session) -> Result<Vec<Finding>> {
        Ok(self.detect(session).await?.into_iter().filter(|finding| finding.blocks).collect())
    }
}

/// What [`defuse`] did in one database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Findings made harmless.
    pub defused: usize,
    /// Findings left for the reason in the configuration.
    pub kept: usize,
    /// Findings that no way worked on; [`remaining`] names those that matter.
    pub left: usize,
}

/// Something dangerous that is still there: a clone with one is not published.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Remaining {
    /// The hazard's name.
    pub hazard: &'static str,
    /// The database it was seen from.
    pub database: String,
    /// What it is, and why it could not be defused as far as that is known.
    pub what: String,
    /// What to do.
    pub remedy: String,
}

/// All hazards, in the order they are defused. The order matters: prepared transactions hold the
/// locks that everything else would wait for; what talks to other servers comes next; event triggers
/// are silenced before the first change of the schema; tables come last because dropping an extension
/// may already have taken some with it.
fn all() -> Vec<Box<dyn Hazard>> {
    let mut hazards: Vec<Box<dyn Hazard>> = vec![
        Box::new(prepared::PreparedTransactions),
        Box::new(subscriptions::Subscriptions),
        Box::new(slots::ReplicationSlots),
        Box::new(event_triggers::EventTriggers),
        Box::new(pg_cron::PgCron),
        Box::new(timescaledb::TimescaleJobs),
        Box::new(foreign_servers::ForeignServers),
        Box::new(extensions::OutboundExtensions),
        Box::new(extensions::UntrustedLanguages),
        Box::new(settings::SecretSettings),
    ];
    hazards.extend(tables::all());
    hazards
}

/// Each hazard's name with its description, without repetition, for the configuration's check and
/// for the documentation.
pub fn catalogue() -> Vec<(&'static str, &'static str)> {
    let mut seen: Vec<(&'static str, &'static str)> = Vec::new();
    for hazard in all() {
        if !seen.iter().any(|(name, _)| *name == hazard.name()) {
            seen.push((hazard.name(), hazard.about()));
        }
    }
    seen
}

/// The names that `hazards.keep` may use.
pub fn names() -> Vec<&'static str> {
    catalogue().into_iter().map(|(name, _)| name).collect()
}

/// Detects every hazard in the session's database and makes it harmless, unless `kept` names it with
/// a reason. Run it for every connectable database, and again after the scripts: a trigger that fires
/// on them may have filled a queue. A hazard that cannot be defused is a warning here and stops the
/// run in [`remaining`]; only a lost connection is an error.
pub async fn defuse(session: &Session, kept: &BTreeMap<String, String>, listener: &dyn Listener) -> Result<Tally> {
    careful(session).await?;
    let mut tally = Tally::default();
    for hazard in all() {
        let findings = match hazard.detect(session).await {
            Ok(findings) => findings,
            Err(error) if error.is_disconnect() => return Err(error),
            Err(error) => {
                warn(listener, hazard.name(), session, &format!("could not be looked for: {error}"));
                continue;
            }
        };
        for finding in findings {
            if let Some(reason) = kept.get(hazard.name()) {
                tally.kept += 1;
                say(listener, &*hazard, session, format!("{}; left as it is", finding.what), Some(reason.clone()));
                continue;
            }
            match hazard.defuse(session, &finding).await {
                Ok(()) if finding.ways.is_empty() => {
                    tally.left += 1;
                    warn(listener, hazard.name(), session, &format!("{}; {}", finding.what, finding.remedy));
                }
                Ok(()) => {
                    tally.defused += 1;
                    say(listener, &*hazard, session, format!("{}; {}", finding.what, finding.done), None);
                }
                Err(error) if error.is_disconnect() => return Err(error),
                Err(error) => {
                    tally.left += 1;
                    warn(
                        listener,
                        hazard.name(),
                        session,
                        &format!("{} could not be {}: {error}", finding.what, finding.done),
                    );
                }
            }
        }
    }
    usual(session).await?;
    Ok(tally)
}

/// What is still dangerous in the session's database and blocks publication; empty when all is well.
/// A hazard that cannot be checked counts as there.
pub async fn remaining(session: &Session, kept: &BTreeMap<String, String>) -> Result<Vec<Remaining>> {
    careful(session).await?;
    let mut remaining = Vec::new();
    for hazard in all().into_iter().filter(|hazard| !kept.contains_key(hazard.name())) {
        let (name, database) = (hazard.name(), session.database().to_owned());
        match hazard.verify(session).await {
            Ok(findings) => {
                for finding in findings {
                    let why = reason(session, finding.owner.as_deref()).await?;
                    let what = format!("{}{why}", finding.what);
                    remaining.push(Remaining {
                        hazard: name,
                        database: database.clone(),
                        what,
                        remedy: finding.remedy,
                    });
                }
            }
            Err(error) if error.is_disconnect() => return Err(error),
            Err(error) => remaining.push(Remaining {
                hazard: name,
                database,
                what: format!("could not be looked for: {error}"),
                remedy: format!(
                    "give the master user the rights to look, or keep {name} with a reason under `hazards:`"
                ),
            }),
        }
    }
    usual(session).await?;
    Ok(remaining)
}

/// Why something that belongs to `owner` may have resisted.
async fn reason(session: &Session, owner: Option<&str>) -> Result<String> {
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
        Some((false, false)) => format!("; it belongs to {owner}, whose rights the master user does not have"),
        _ => String::new(),
    })
}

fn say(listener: &dyn Listener, hazard: &dyn Hazard, session: &Session, message: String, kept: Option<String>) {
    let database = Some(session.database().to_owned());
    listener.on_event(&Event::Hazard { hazard: hazard.name().to_owned(), database, message, kept });
}

fn warn(listener: &dyn Listener, name: &str, session: &Session, message: &str) {
    listener.on_event(&Event::Warning { message: format!("{name} in {}: {message}", session.database()) });
}

/// Whether a table, view or schema of the extension-to-look-for kind is there; a name that does not
/// resolve is simply absent.
async fn exists(session: &Session, relation: &str) -> std::result::Result<bool, Error> {
    Ok(session.query_one("SELECT pg_catalog.to_regclass($1) IS NOT NULL", &[&relation]).await?.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_can_stand_in_yaml() {
        let names = names();
        for name in &names {
            assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'), "{name}");
            assert_eq!(names.iter().filter(|other| *other == name).count(), 1, "{name}");
        }
        assert!(names.len() > 25, "{names:?}");
    }
}

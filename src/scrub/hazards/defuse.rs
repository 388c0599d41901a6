//! Defuses the hazards of one database.

use std::collections::BTreeMap;

use super::catalogue::all;
use super::hazard::{Finding, Hazard};
use crate::event::{Event, Listener};
use crate::pg::strict_settings::{apply_strict_settings, reset_settings};
use crate::pg::{Result, Session};

/// Numbers of findings in one database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Defused.
    pub defused: usize,
    /// Left for the reason in the configuration.
    pub kept: usize,
    /// Not defused; [`remaining`](super::remaining) lists those that block publication.
    pub left: usize,
}

/// Detects every hazard in the session's database and defuses it, unless `kept` names it with a reason. Run it for every
/// connectable database, and again after the scripts: a trigger that fires on them may have filled a queue. A hazard that
/// cannot be defused is a warning here and blocks publication in [`remaining`](super::remaining).
///
/// # Errors
/// Only a lost connection.
pub async fn defuse(session: &Session, kept: &BTreeMap<String, String>, listener: &dyn Listener) -> Result<Tally> {
    apply_strict_settings(session).await?;
    let mut tally = Tally::default();
    for hazard in all() {
        let reporter = Reporter { hazard: &*hazard, session, listener };
        let findings = match hazard.detect(session).await {
            Ok(findings) => findings,
            Err(error) if error.is_disconnect() => return Err(error),
            Err(error) => {
                reporter.warn(&format!("detection failed: {error}"));
                continue;
            }
        };
        for finding in findings {
            match kept.get(hazard.name()) {
                Some(reason) => {
                    tally.kept += 1;
                    reporter.report(format!("{}; kept", finding.description), Some(reason.clone()));
                }
                None if reporter.defuse(&finding).await? => tally.defused += 1,
                None => tally.left += 1,
            }
        }
    }
    reset_settings(session).await?;
    Ok(tally)
}

struct Reporter<'a> {
    hazard: &'a dyn Hazard,
    session: &'a Session,
    listener: &'a dyn Listener,
}

impl Reporter<'_> {
    /// Defuses a finding and reports the outcome. Returns whether it is defused.
    async fn defuse(&self, finding: &Finding) -> Result<bool> {
        let Finding { description, effect, .. } = finding;
        match self.hazard.defuse(self.session, finding).await {
            Ok(()) if finding.defusals.is_empty() => {
                self.warn(&format!("{description}; {}", finding.remedy));
                Ok(false)
            }
            Ok(()) => {
                self.report(format!("{description}; {effect}"), None);
                Ok(true)
            }
            Err(error) if error.is_disconnect() => Err(error),
            Err(error) => {
                self.warn(&format!("{description}; could not be {effect}: {error}"));
                Ok(false)
            }
        }
    }

    fn report(&self, message: String, kept: Option<String>) {
        let database = Some(self.session.database().to_owned());
        self.listener.on_event(&Event::Hazard { hazard: self.hazard.name().to_owned(), database, message, kept });
    }

    fn warn(&self, message: &str) {
        let (hazard, database) = (self.hazard.name(), self.session.database());
        self.listener.on_event(&Event::Warning { message: format!("{hazard} in {database}: {message}") });
    }
}

//! The check that decides: everything a publication rests on is read back from the clone, by sessions
//! of its own. Only here is a generation proven [`Scrubbed`].

use std::collections::{BTreeMap, BTreeSet};

use super::marker::{self, Marker};
use super::masker::{self, Masker};
use super::scripts::{self, Scripts, Stage, StageOptions};
use super::{coverage_gate, databases, hazards, leak, residue, roles};
use crate::discover::pii_findings;
use crate::error::{Exit, Failure, FileLocation};
use crate::pg::Session;
use crate::pg::connector::Connector;
use crate::platform::guard::{DevInstance, Evidence, Scrubbed};
use crate::units::counted;

/// What is checked, and by which rules.
pub struct Case<'a> {
    /// The way in.
    pub connector: &'a dyn Connector,
    /// What the clone will say of itself when it has passed.
    pub marker: &'a Marker,
    /// Database, its scripts and how they were run; all that the configuration names, at least one.
    pub scripts: Vec<(&'a str, &'a Scripts, &'a StageOptions<'a>)>,
    /// How it was masked.
    pub masker: Masker<'a>,
    /// Whether an interrupted run has proved already that no original is left: it has then forgotten them.
    pub proven: bool,
    /// Hazards that stay, with the reason.
    pub kept_hazards: &'a BTreeMap<String, String>,
    /// Roles that may log in.
    pub allowed: BTreeSet<String>,
    /// Roles of the platform itself.
    pub internal: Vec<String>,
}

/// What was found wrong, in words, and where.
#[derive(Default)]
struct Findings {
    words: Vec<String>,
    places: Vec<FileLocation>,
    evidence: Evidence,
}

/// Reads everything back. A generation that passes gets the marker and the proof; one that does not, a
/// failure that names every finding.
pub async fn check(dev: DevInstance, case: &Case<'_>) -> Result<Scrubbed, Failure> {
    let mut findings = Findings::default();
    let Some((first, ..)) = case.scripts.first() else {
        return Err(Failure::new(Exit::Usage, "no database is configured"));
    };
    let session = case.connector.session(first).await?;
    findings.logins(&session, case).await?;
    findings.hazards_and_databases(&session, case).await?;
    findings.scripts(case).await?;
    findings.columns(case).await?;
    findings.originals(case).await?;
    if !findings.words.is_empty() {
        let mut failure = Failure::new(Exit::Leak, format!("it is not\n{}", findings.words.join("\n")));
        failure.places = findings.places;
        return Err(failure.during(format!("prove that {} is harmless", dev.name())));
    }
    // Told by all databases before the first forgets: what is forgotten has to be proven.
    for (database, ..) in &case.scripts {
        marker::mark_scrubbed(&case.connector.session(database).await?, case.marker).await?;
    }
    for (database, ..) in &case.scripts {
        leak::forget(&case.connector.session(database).await?).await?;
    }
    Scrubbed::prove(dev, findings.evidence).map_err(|why| Failure::new(Exit::Leak, why))
}

/// Whether this generation was proven by these rules before: by an interrupted run that came this far.
pub async fn is_proven(connector: &dyn Connector, databases: &[&str], marker: &Marker) -> crate::pg::Result<bool> {
    for database in databases {
        let read = marker::read_marker(&connector.session(database).await?).await?;
        let proven = read.is_some_and(|read| read.is_scrubbed(&marker.generation) && read.recipe == marker.recipe);
        if !proven {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Proves a generation that was published before, by its own marker.
pub async fn recall(dev: DevInstance, session: &Session) -> Result<Scrubbed, Failure> {
    let marker = marker::read_marker(session).await?;
    if !marker.is_some_and(|marker| marker.is_scrubbed(dev.name())) {
        return Err(Failure::new(Exit::Leak, format!("nothing in {} says that it was scrubbed", dev.name())));
    }
    let evidence = Evidence {
        hazards_defused: true,
        logins_closed: true,
        covered: true,
        masked: true,
        scripts_run: true,
        residue_cleared: true,
        verified: true,
    };
    Scrubbed::prove(dev, evidence).map_err(|why| Failure::new(Exit::Leak, why))
}

impl Findings {
    fn add(&mut self, what: String, remedy: &str) {
        self.words.push(format!("- {what}\n  -> {remedy}"));
    }

    async fn logins(&mut self, session: &Session, case: &Case<'_>) -> Result<(), Failure> {
        let open = roles::still_open(session, &case.allowed, &case.internal).await?;
        for login in &open {
            self.add(
                format!("{} can still log in: {}", login.role, login.why),
                "close it in production, or allow it under `roles.allow`",
            );
        }
        self.evidence.logins_closed = open.is_empty();
        Ok(())
    }

    /// Every database that can be connected to is free of hazards, and is configured, empty or closed.
    async fn hazards_and_databases(&mut self, first: &Session, case: &Case<'_>) -> Result<(), Failure> {
        let before = self.words.len();
        let mut accounted: BTreeSet<String> = case.scripts.iter().map(|(name, ..)| (*name).to_owned()).collect();
        for database in databases::list(first).await?.into_iter().filter(|database| database.connectable) {
            let session = case.connector.session(&database.name).await?;
            for hazard in hazards::remaining(&session, case.kept_hazards).await? {
                self.add(format!("{} in {}: {}", hazard.hazard, hazard.database, hazard.description), &hazard.remedy);
            }
            if databases::is_empty(&session).await? {
                accounted.insert(database.name);
            }
        }
        for open in databases::still_open(first, &accounted, &case.internal).await? {
            self.add(format!("database {} is open and nobody scrubs it: {}", open.name, open.why), &open.remedy);
        }
        self.evidence.hazards_defused = self.words.len() == before;
        Ok(())
    }

    /// Every column of what is there now is masked or kept on purpose: scripts may have made tables.
    async fn columns(&mut self, case: &Case<'_>) -> Result<(), Failure> {
        self.evidence.covered = true;
        for (database, ..) in &case.scripts {
            let session = case.connector.session(database).await?;
            let (coverage, _) = masker::work(&session, case.masker.masking, case.masker.key).await?;
            if let Some(failure) = coverage_gate::refusal(database, &coverage, "") {
                self.evidence.covered = false;
                self.add(failure.to_string(), "give the columns that scripts make an entry under `mask`");
            }
        }
        Ok(())
    }

    /// No original is left but what may stay.
    async fn originals(&mut self, case: &Case<'_>) -> Result<(), Failure> {
        self.evidence.masked = true;
        if case.proven {
            return Ok(());
        }
        for (database, ..) in &case.scripts {
            let session = case.connector.session(database).await?;
            for look in pii_findings::find(&session, Some(case.masker.masking)).await? {
                case.masker.listener.on_event(&look.event(database));
                if look.kept.is_none() {
                    self.evidence.masked = false;
                    let rows = counted(look.rows, "row");
                    self.add(
                        format!("{database}: {rows} of {} hold what looks like {}", look.column, look.kind.plural()),
                        "mask that, or list it under `mask.survivors` with a reason",
                    );
                }
            }
            let outcome = case.masker.search(database).await?;
            for hit in outcome.hits.iter().filter(|hit| hit.survivor.is_none()) {
                self.evidence.masked = false;
                let rows = counted(hit.rows, "row");
                self.add(
                    format!("{database}: originals of {} ({}) are in {rows} of {}", hit.of, hit.rule, hit.path()),
                    "mask that too, or list it under `mask.survivors` with a reason",
                );
            }
        }
        Ok(())
    }

    /// Scripts are committed, nothing is left of what they replaced, verify queries return no row.
    async fn scripts(&mut self, case: &Case<'_>) -> Result<(), Failure> {
        self.evidence = Evidence { scripts_run: true, residue_cleared: true, verified: true, ..self.evidence };
        for (database, scripts, order) in &case.scripts {
            let session = case.connector.session(database).await?;
            for path in scripts::unfinished(&session, scripts, order.generation, order.contexts).await? {
                self.evidence.scripts_run = false;
                self.add(format!("{path} is not recorded as committed in {database}"), "run the rotation again");
            }
            for stale in residue::stale(&session).await? {
                self.evidence.residue_cleared = false;
                self.add(format!("{database}, {}: {}", stale.place, stale.why), "run the rotation again");
            }
            if let Err(error) = scripts::run_stage(&session, scripts, Stage::Verify, order).await {
                if error.complaints().is_empty() {
                    return Err(error.into());
                }
                self.evidence.verified = false;
                for complaint in error.complaints() {
                    self.words.push(complaint.render(false));
                    let (file, line, title) = (complaint.file.clone(), complaint.line(), complaint.title.clone());
                    self.places.push(FileLocation { file, line, title });
                }
            }
        }
        Ok(())
    }
}

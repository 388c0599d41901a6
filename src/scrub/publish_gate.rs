//! The publication gate: reads everything that a publication depends on back from the clone, in sessions of its own. Only here
//! is a generation proven [`Scrubbed`].

use std::collections::{BTreeMap, BTreeSet};

use super::marker::{self, Marker};
use super::masker::{self, Masker};
use super::scripts::{self, Scripts, Stage, StageOptions};
use super::{coverage_gate, databases, hazards, leak, ledger, residue, roles};
use crate::discover::pii_findings::{self, ScanRights};
use crate::error::{Exit, Failure, FileLocation};
use crate::pg::Session;
use crate::pg::connector::Connector;
use crate::platform::guard::{DevInstance, Evidence, Scrubbed};
use crate::units::counted;

/// What is checked, and by which rules.
pub struct Case<'a> {
    /// Opens sessions.
    pub connector: &'a dyn Connector,
    /// Marker that is written when the clone has passed.
    pub marker: &'a Marker,
    /// Each configured database with its scripts and their options; at least one.
    pub scripts: Vec<(&'a str, &'a Scripts, &'a StageOptions<'a>)>,
    /// Masks and their key.
    pub masker: Masker<'a>,
    /// Whether an interrupted run has already proven that no original is left, and may have deleted the fingerprints.
    pub proven: bool,
    /// Kept hazards, each with its reason.
    pub kept_hazards: &'a BTreeMap<String, String>,
    /// Roles that may log in.
    pub allowed: BTreeSet<String>,
    /// Login roles of the platform.
    pub internal: Vec<String>,
}

/// What blocks publication, with its locations in files.
#[derive(Default)]
struct Findings {
    lines: Vec<String>,
    places: Vec<FileLocation>,
    evidence: Evidence,
}

/// The result of a check that found nothing. Only [`check`] builds one.
pub struct Passed {
    generation: String,
    evidence: Evidence,
}

/// Reads everything back and writes nothing, so that it can be repeated after a lost connection. Returns a failure that
/// lists every finding if there is one.
pub async fn check(generation: &str, case: &Case<'_>) -> Result<Passed, Failure> {
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
    if !findings.lines.is_empty() {
        let mut failure =
            Failure::new(Exit::Leak, format!("it did not pass the publication gate:\n{}", findings.lines.join("\n")));
        failure.places = findings.places;
        return Err(failure.during(format!("publish {generation}")));
    }
    Ok(Passed { generation: generation.to_owned(), evidence: findings.evidence })
}

impl Passed {
    /// Marks every database as scrubbed, and drops the fingerprints. It can be repeated after a lost connection.
    pub async fn mark(&self, case: &Case<'_>) -> Result<(), Failure> {
        // All databases are marked before the first deletes its fingerprints: a run that is killed in between must find the
        // proof. The first database is marked last: the record and a rollback are verified by its marker alone.
        for (database, ..) in case.scripts.iter().rev() {
            marker::mark_scrubbed(&case.connector.session(database).await?, case.marker).await?;
        }
        for (database, ..) in &case.scripts {
            leak::forget(&case.connector.session(database).await?).await?;
        }
        Ok(())
    }

    /// Returns the proof for the checked generation, and for no other.
    pub fn prove(self, dev: DevInstance) -> Result<Scrubbed, Failure> {
        if dev.name() != self.generation {
            return Err(Failure::new(Exit::Leak, format!("{} was checked, not {}", self.generation, dev.name())));
        }
        Scrubbed::prove(dev, self.evidence).map_err(|why| Failure::new(Exit::Leak, why))
    }
}

/// Whether an interrupted run has already proven this generation by the same rules.
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

/// Proves a generation that was published before, from its own marker in each of these databases.
pub async fn recall(dev: DevInstance, connector: &dyn Connector, databases: &[&str]) -> Result<Scrubbed, Failure> {
    for database in databases {
        let marker = marker::read_marker(&connector.session(database).await?).await?;
        if !marker.is_some_and(|marker| marker.is_scrubbed(dev.name())) {
            let cause = format!("the database {database} of {} has no marker that says it is scrubbed", dev.name());
            return Err(Failure::new(Exit::Leak, cause).hint("`devdb rotate` makes a scrubbed generation"));
        }
    }
    let evidence = Evidence {
        hazards_defused: true,
        logins_closed: true,
        covered: true,
        accounted: true,
        masked: true,
        scripts_run: true,
        residue_cleared: true,
        verified: true,
    };
    Scrubbed::prove(dev, evidence).map_err(|why| Failure::new(Exit::Leak, why))
}

impl Findings {
    fn add(&mut self, finding: String, remedy: &str) {
        self.lines.push(format!("- {finding}\n  -> {remedy}"));
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

    /// Every connectable database must be free of hazards, and be configured, empty or closed.
    async fn hazards_and_databases(&mut self, first: &Session, case: &Case<'_>) -> Result<(), Failure> {
        let before = self.lines.len();
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
            self.add(format!("database {} is open and not scrubbed: {}", open.name, open.why), &open.remedy);
        }
        self.evidence.hazards_defused = self.lines.len() == before;
        Ok(())
    }

    /// Every column must be masked or kept on purpose, including those of tables that scripts have created, and every place
    /// that stores rows must be in the ledger.
    async fn columns(&mut self, case: &Case<'_>) -> Result<(), Failure> {
        self.evidence = Evidence { covered: true, accounted: true, ..self.evidence };
        for (database, ..) in &case.scripts {
            let session = case.connector.session(database).await?;
            let (coverage, _) = masker::work(&session, case.masker.masking, case.masker.key).await?;
            if let Some(failure) = coverage_gate::refusal(database, &coverage, "") {
                (self.evidence.covered, self.evidence.accounted) = (false, false);
                self.add(failure.to_string(), "add the columns that scripts create under `mask`");
                // An uncovered column has no entry: one finding is enough.
                continue;
            }
            for unaccounted in ledger::unaccounted(&session).await? {
                self.evidence.accounted = false;
                self.add(format!("{database}: {}", unaccounted.finding()), unaccounted.remedy());
            }
        }
        Ok(())
    }

    /// No original may be left except the configured survivors.
    async fn originals(&mut self, case: &Case<'_>) -> Result<(), Failure> {
        self.evidence.masked = true;
        if case.proven {
            return Ok(());
        }
        for (database, ..) in &case.scripts {
            let session = case.connector.session(database).await?;
            for finding in pii_findings::find(&session, Some(case.masker.masking), ScanRights::Owners).await? {
                case.masker.listener.on_event(&finding.event(database));
                if finding.kept.is_none() {
                    self.evidence.masked = false;
                    let rows = counted(finding.rows, "row");
                    self.add(
                        format!(
                            "{database}: {} has {rows} with what looks like {}",
                            finding.column,
                            finding.kind.plural()
                        ),
                        "mask the column, or list it under `mask.survivors` with a reason",
                    );
                }
            }
            let failed = |error| Failure::from(error).during(format!("search database {database} for originals"));
            let outcome = case.masker.search(database).await.map_err(failed)?;
            for hit in outcome.hits.iter().filter(|hit| hit.survivor.is_none()) {
                self.evidence.masked = false;
                let rows = counted(hit.rows, "row");
                self.add(
                    format!("{database}: originals of {} ({}) are in {rows} of {}", hit.of, hit.rule, hit.path()),
                    "mask that column too, or list it under `mask.survivors` with a reason",
                );
            }
        }
        Ok(())
    }

    /// Scripts must be committed, residue cleared, and verify queries return no row.
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
                    self.lines.push(complaint.render(false));
                    let (file, line, title) = (complaint.file.clone(), complaint.line(), complaint.title.clone());
                    self.places.push(FileLocation { file, line, title });
                }
            }
        }
        Ok(())
    }
}

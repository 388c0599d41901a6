//! `devdb scrub`: masks a database of one's own in place, and searches it for originals.
//!
//! The order is that of a rotation: check column coverage, capture fingerprints, mask tables, run the scripts of
//! `10-scrub`, clear residue, run `90-verify`, search for originals. After an interruption the next call continues.

use std::sync::Arc;

use clap::Args;

use crate::config::Target;
use crate::discover::pii_findings::{self, ScanRights};
use crate::error::{Exit, Failure};
use crate::event::Listener;
use crate::interrupt;
use crate::pg::{Session, Url};
use crate::rotate::database_scripts::DatabaseScripts;
use crate::rotate::recipe::recipe;
use crate::scrub::coverage_gate::{CoverageGate, Judgement, LockCheck};
use crate::scrub::masker::{self, Masker};
use crate::scrub::schema_locks::SchemaLocks;
use crate::scrub::scripts::{self, Stage, StageOptions};
use crate::scrub::{hazards, ledger, marker, mask_key, residue};
use crate::step::Step;
use crate::units::counted;

use super::database_url::{UrlConnector, database_or_variable, framed, open_session, parse_url};
use super::global_options::GlobalOptions;

/// Stands in for the name of a generation in the recorded progress. No generation can have it.
const NO_GENERATION: &str = "by hand";

/// Arguments of `devdb scrub`.
#[derive(Debug, Args)]
pub struct ScrubArgs {
    /// Database to mask, such as postgres://me@localhost/app_dev. The password is read from PGPASSWORD.
    /// [env: DEVDB_DATABASE]
    #[arg(long, value_name = "URL")]
    database: Option<String>,
}

/// Runs the command.
pub async fn run(global: &GlobalOptions, args: &ScrubArgs, listener: Arc<dyn Listener>) -> Result<Exit, Failure> {
    let database = database_or_variable(args.database.as_deref())?.ok_or_else(|| {
        Failure::new(Exit::Usage, "no database to mask: pass --database URL").hint(
            "a target's live generation was masked by the rotation that made it; to apply other rules, run `devdb rotate`",
        )
    })?;
    let (target, url) = (global.target()?, parse_url(&database, &*listener)?);
    let work = async {
        tokio::select! {
            done = scrub(&target, &url, &*listener) => done,
            () = interrupt::signal() => Err(Failure::new(Exit::Interrupted, "interrupted")
                .and("the next `devdb scrub` continues from here")),
        }
    };
    Ok(framed("scrub", &url, listener.clone(), work).await)
}

/// Masks a database that the configuration lists under `mask.databases`.
async fn scrub(target: &Target, url: &Url, listener: &dyn Listener) -> Result<Exit, Failure> {
    let place = url.place();
    if !target.masking.databases.contains(&place) {
        return Err(Failure::new(Exit::Refused, format!("{place} is not listed under `mask.databases`"))
            .hint("if it is a copy that may be changed, list it there exactly as above; never list production")
            .and("nothing was changed"));
    }
    let key = mask_key::resolve(&target.masking, listener).await?;
    let scripts = DatabaseScripts::of_database(target, url.database(), listener).await?;
    let locks = SchemaLocks::read(&target.masking.lock)?;
    // Without the scripts: one that was corrected after a failure runs on the masked tables.
    let recipe = recipe(target, &[], &key);
    let session = open_session(url).await?;
    admit(&session).await?;
    let connector = UrlConnector(url);
    let masker = Masker {
        connector: &connector,
        masking: &target.masking,
        key: &key,
        generation: NO_GENERATION,
        recipe: &recipe,
        // Not known: a server does not report the free space of its disk.
        free_bytes: None,
        listener,
    };
    let judgement = check_coverage(&session, &masker, &locks).await?;
    capture(&masker, &judgement).await?;
    mask(&masker, &session).await?;
    clean_up(&session, url, target, &scripts, listener).await?;
    search(&masker, &session).await?;
    // The next scrub starts over. Fingerprints and progress are dropped together: with the progress alone, a run
    // after a kill would capture masked values as originals.
    session.run("DROP SCHEMA IF EXISTS devdb_meta CASCADE").await?;
    Ok(Exit::Done)
}

/// Refuses what masking would make worse, and claims `devdb_meta`. A generation: its marker states what was proved, which
/// would be false after masking by other rules. A schema `devdb_meta` of somebody else: it would be dropped. A prepared
/// transaction: its COMMIT would publish originals afterwards.
async fn admit(session: &Session) -> Result<(), Failure> {
    let refused =
        |cause: String, hint: String| Err(Failure::new(Exit::Refused, cause).hint(hint).and("nothing was changed"));
    match marker::read_marker(session).await? {
        Some(marker) if marker.generation != NO_GENERATION => {
            let cause = format!("this database is the generation {}", marker.generation);
            return refused(cause, "run `devdb rotate`, which masks by the present rules".into());
        }
        None if marker::has_schema(session).await? => {
            let cause = "this database has a schema devdb_meta that devdb did not create".to_owned();
            return refused(cause, "rename or drop that schema: devdb keeps its progress in one of that name".into());
        }
        _ => {}
    }
    if let [first, ..] = hazards::prepared_transactions(session).await?.as_slice() {
        return refused(format!("this database has a {}", first.description), first.remedy.clone());
    }
    marker::claim(session, NO_GENERATION).await.map_err(|error| marker::failure(error, session.database()))
}

async fn check_coverage(session: &Session, masker: &Masker<'_>, locks: &SchemaLocks) -> Result<Judgement, Failure> {
    let step = Step::begin(masker.listener, "coverage", "check column coverage");
    let mut gate = CoverageGate::new(masker.masking, masker.key, locks, masker.listener);
    let judgement = gate.judge(session).await?;
    let begun = scripts::has_begun(session, NO_GENERATION).await?;
    gate.admit(&judgement, if begun { LockCheck::Skip } else { LockCheck::Compare });
    step.done(gate.finish()?.to_string());
    Ok(judgement)
}

async fn capture(masker: &Masker<'_>, judgement: &Judgement) -> Result<(), Failure> {
    let step = Step::begin(masker.listener, "remember", "capture fingerprints");
    let captured = masker.remember(&judgement.database, &judgement.coverage, &judgement.work).await?;
    let columns = counted(captured.columns as u64, "column");
    step.done(format!("{} of {columns}", counted(captured.fingerprints, "fingerprint")));
    Ok(())
}

async fn mask(masker: &Masker<'_>, session: &Session) -> Result<(), Failure> {
    let step = Step::begin(masker.listener, "masks", "mask tables");
    let (_, work) = masker::work(session, masker.masking, masker.key).await?;
    let tables = masker.mask(session.database(), &work).await?;
    let rows = tables.iter().map(|table| table.rows).sum();
    step.done(format!("{}, {}", counted(tables.len() as u64, "table"), counted(rows, "row")));
    Ok(())
}

async fn clean_up(
    session: &Session,
    url: &Url,
    target: &Target,
    scripts: &DatabaseScripts,
    listener: &dyn Listener,
) -> Result<(), Failure> {
    let order = StageOptions {
        generation: NO_GENERATION,
        variables: &scripts.variables,
        contexts: &[],
        deadline: target.deadlines.script,
        check_idempotent: false,
        inspect: "run the query in the database; then run `devdb scrub` again, which continues",
        listener,
    };
    let step = Step::begin(listener, "scripts", "run scripts of 10-scrub");
    // A session keeps the scripts' settings, such as a read-only transaction.
    let ran = scripts::run_stage(&open_session(url).await?, &scripts.scripts, Stage::Scrub, &order).await?;
    step.done(counted((ran.ran + ran.already) as u64, "script"));
    let step = Step::begin(listener, "residue", "clear residue");
    let cleared = residue::clear(session, listener).await?;
    if let Some(failure) = cleared.refusal(url.database()) {
        return Err(failure);
    }
    masker::complete_ledger(session, &target.masking, listener).await?;
    step.done(format!("{} vacuumed and analyzed", counted(cleared.tables as u64, "table")));
    let step = Step::begin(listener, "verify", "run queries of 90-verify");
    scripts::run_stage(&open_session(url).await?, &scripts.scripts, Stage::Verify, &order).await?;
    step.done("no query returned a row");
    Ok(())
}

async fn search(masker: &Masker<'_>, session: &Session) -> Result<(), Failure> {
    let database = session.database();
    let step = Step::begin(masker.listener, "leak check", "search for originals");
    let mut findings = pii_findings::report(session, Some(masker.masking), ScanRights::Owners, masker.listener).await?;
    let outcome = masker.search(database).await?;
    findings += outcome.hits.iter().filter(|hit| hit.survivor.is_none()).count();
    let unaccounted = ledger::unaccounted(session).await?;
    if let Some(first) = unaccounted.first() {
        let all: Vec<String> = unaccounted.iter().map(ledger::Unaccounted::finding).collect();
        return Err(Failure::new(Exit::Leak, format!("{database}: {}", all.join("; "))).hint(first.remedy()));
    }
    if findings > 0 {
        let places = counted(findings as u64, "place");
        let cause = format!("{database} is masked, but {places} still hold originals or values that look personal");
        return Err(Failure::new(Exit::Leak, cause)
            .hint("mask those too, or list them under `mask.survivors` with a reason; then start from a fresh copy"));
    }
    step.done("no original was found");
    Ok(())
}

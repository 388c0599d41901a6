//! `devdb scrub`: masks a database of one's own in place, and searches it for originals.
//!
//! In the order of a rotation: see that every column was thought of, remember, mask, run the scripts of
//! `10-scrub`, clear residue, run `90-verify`, search. Interrupted, the next call goes on where it was.

use crate::config::Target;
use crate::discover::{pii_findings, suggestions};
use crate::error::{Exit, Failure};
use crate::event::Listener;
use crate::pg::{Session, Url};
use crate::rotate::prepare::{self, Work};
use crate::scrub::masker::{self, Masker};
use crate::scrub::scripts::{self, Order, Stage};
use crate::scrub::{coverage_gate, marker, residue};
use crate::step::Step;

use super::Named;

/// Progress of a scrub by hand is kept under this name, which no generation can have.
const BY_HAND: &str = "by hand";

/// Masks a database that the configuration lists under `mask.databases`.
pub async fn scrub(target: &Target, url: &Url, listener: &dyn Listener) -> Result<Exit, Failure> {
    let place = url.place();
    if !target.masking.databases.contains(&place) {
        return Err(Failure::new(Exit::Refused, format!("{place} is not listed under `mask.databases`"))
            .hint("list it there, in these very words, if it is a copy that may be changed; never production")
            .and("nothing was changed"));
    }
    let (work, key, recipe) = prepare::by_hand(target, url.database(), listener).await?;
    let session = super::session(url).await?;
    must_be_no_generation(&session).await?;
    let door = Named(url);
    let masker = Masker {
        door: &door,
        masking: &target.masking,
        key: &key,
        generation: BY_HAND,
        recipe: &recipe,
        // A server does not tell.
        free_bytes: None,
        listener,
    };
    let judged = covered(&session, &masker, url.database()).await?;
    remember(&masker, url.database(), judged).await?;
    mask(&masker, &session, url.database()).await?;
    clear(&session, target, &work, listener).await?;
    search(&masker, &session, url.database()).await?;
    // The next scrub begins anew. All goes at once: without the fingerprints, but with the progress, a run that
    // comes after a kill would take masked values for originals.
    session.run("DROP SCHEMA IF EXISTS devdb_meta CASCADE").await?;
    Ok(Exit::Done)
}

/// A generation's marker says what it was proven by; to mask it again by other rules would make that a lie.
async fn must_be_no_generation(session: &Session) -> Result<(), Failure> {
    match marker::read_marker(session).await? {
        Some(marker) if marker.generation != BY_HAND => {
            Err(Failure::new(Exit::Refused, format!("this is the generation {}", marker.generation))
                .hint("rotate: that masks by the rules as they are now")
                .and("nothing was changed"))
        }
        _ => Ok(marker::claim(session, BY_HAND).await?),
    }
}

type Judged = (crate::mask::coverage::Coverage, crate::mask::coverage::Work);

async fn covered(session: &Session, masker: &Masker<'_>, database: &str) -> Result<Judged, Failure> {
    let step = Step::begin(masker.listener, "coverage", "see that every column was thought of");
    let (catalog, coverage, work) = masker::judged(session, masker.masking, masker.key).await?;
    masker.listener.on_event(&coverage_gate::event(database, &coverage));
    let advice = suggestions::lines(session, &catalog, &coverage).await?;
    if let Some(failure) = coverage_gate::refusal(database, &coverage, &advice) {
        return Err(failure);
    }
    step.done(format!("{} columns: {} masked", coverage.decided.len(), coverage.originals().count()));
    Ok((coverage, work))
}

async fn remember(masker: &Masker<'_>, database: &str, (coverage, work): Judged) -> Result<(), Failure> {
    let step = Step::begin(masker.listener, "remember", "remember the originals, as keyed fingerprints");
    let done = masker.remember(database, &coverage, &work).await?;
    step.done(format!("{} values of {} columns remembered", done.fingerprints, done.columns));
    Ok(())
}

async fn mask(masker: &Masker<'_>, session: &Session, database: &str) -> Result<(), Failure> {
    let step = Step::begin(masker.listener, "masks", "mask every table");
    let (_, work) = masker::work(session, masker.masking, masker.key).await?;
    let done = masker.mask(database, &work).await?;
    step.done(format!("{} tables masked, {} rows", done.len(), done.iter().map(|table| table.rows).sum::<u64>()));
    Ok(())
}

async fn clear(session: &Session, target: &Target, work: &Work, listener: &dyn Listener) -> Result<(), Failure> {
    let order = Order {
        generation: BY_HAND,
        variables: &work.variables,
        contexts: &[],
        deadline: target.deadlines.script,
        check_idempotent: false,
        listener,
    };
    let step = Step::begin(listener, "scripts", "run the scripts of 10-scrub");
    let ran = scripts::run_stage(session, &work.scripts, Stage::Scrub, &order).await?;
    step.done(format!("{} scripts", ran.ran + ran.already));
    let step = Step::begin(listener, "residue", "rebuild statistics and clear residue");
    let cleared = residue::clear(session, listener).await?;
    step.done(format!("{} tables vacuumed and analyzed", cleared.tables));
    let step = Step::begin(listener, "verify", "run the queries of 90-verify");
    scripts::run_stage(session, &work.scripts, Stage::Verify, &order).await?;
    step.done("no query returned a row");
    Ok(())
}

async fn search(masker: &Masker<'_>, session: &Session, database: &str) -> Result<(), Failure> {
    let step = Step::begin(masker.listener, "leak check", "search for originals");
    let mut bad = pii_findings::report(session, Some(masker.masking), masker.listener).await?;
    let outcome = masker.search(database).await?;
    bad += outcome.hits.iter().filter(|hit| hit.survivor.is_none()).count();
    if bad > 0 {
        let what = if bad == 1 { "1 place".to_owned() } else { format!("{bad} places") };
        return Err(Failure::new(Exit::Leak, format!("{database} is masked, but {what} should not look like this"))
            .hint("mask those too, or list them under `mask.survivors` with a reason; then begin with a fresh copy"));
    }
    step.done("no original was found");
    Ok(())
}

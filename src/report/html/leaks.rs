//! Results of the search for original values.

use askama::Template;

use super::format::visible;
use super::{Recorded, filters};
use crate::event::Event;
use crate::units::counted;

/// The searches and their findings.
#[derive(Template)]
#[template(path = "leaks.html")]
pub struct Leaks {
    searches: Vec<Search>,
    found: Vec<Hit>,
    kept: Vec<Hit>,
}

struct Search {
    database: String,
    mode: &'static str,
    places: u64,
    rows: u64,
    bytes: u64,
    originals: u64,
    left_out: u64,
    seconds: f64,
    /// Number of places with a leak.
    leaks: u64,
}

#[derive(Clone)]
struct Hit {
    database: String,
    place: String,
    rows: u64,
    of: String,
    kept: Option<String>,
}

impl Leaks {
    /// Collects the searches from the recorded events.
    pub fn of(recorded: &[Recorded]) -> Leaks {
        let hits: Vec<Hit> = recorded.iter().filter_map(|recorded| hit(&recorded.event)).collect();
        let (kept, found): (Vec<Hit>, Vec<Hit>) = hits.into_iter().partition(|hit| hit.kept.is_some());
        Leaks {
            searches: recorded.iter().filter_map(|recorded| search(&recorded.event, &found)).collect(),
            found,
            kept,
        }
    }

    fn outcome(&self) -> String {
        match self.found.len() as u64 {
            0 if self.searches.is_empty() => "no search finished".to_owned(),
            0 => "nothing found".to_owned(),
            places => format!("originals in {}", counted(places, "place")),
        }
    }
}

fn hit(event: &Event) -> Option<Hit> {
    let Event::Leak { database, place, rows, of, kept } = event else { return None };
    let kept = kept.clone();
    Some(Hit { database: visible(database), place: visible(place), rows: *rows, of: visible(of), kept })
}

fn search(event: &Event, found: &[Hit]) -> Option<Search> {
    let Event::LeakChecked { database, mode, places, rows, bytes, originals, left_out, seconds } = event else {
        return None;
    };
    let database = visible(database);
    let leaks = found.iter().filter(|hit| hit.database == database).count() as u64;
    Some(Search {
        database,
        mode,
        places: *places,
        rows: *rows,
        bytes: *bytes,
        originals: *originals,
        left_out: *left_out,
        seconds: *seconds,
        leaks,
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{at, leak, rendered, searched};
    use super::*;

    #[test]
    fn leaks_and_kept_findings_are_separate() {
        let recorded =
            [at(0.0, leak("app", None)), at(0.0, leak("app", Some("a <public> list"))), at(1.0, searched("app"))];
        let leaks = Leaks::of(&recorded);
        assert_eq!((leaks.found.len(), leaks.kept.len(), leaks.searches[0].leaks), (1, 1, 1));
        assert_eq!(leaks.outcome(), "originals in 1 place");
        let page = rendered(&leaks);
        assert!(page.contains("a &#60;public&#62; list") && page.contains("12,000"), "{page}");
    }

    #[test]
    fn an_unfinished_search_is_not_clean() {
        assert_eq!(Leaks::of(&[at(0.0, leak("app", Some("why")))]).outcome(), "no search finished");
        assert_eq!(Leaks::of(&[at(0.0, searched("app"))]).outcome(), "nothing found");
        assert_eq!(rendered(&Leaks::of(&[])).trim(), "");
    }
}

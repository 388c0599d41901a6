//! Lists in order of occurrence: checks, hazards, scripts, notes, warnings.

use askama::Template;

use super::format::visible;
use super::{Recorded, filters};
use crate::event::{Event, Fact, Verdict};
use crate::report::text::verdict_word;
use crate::units::counted;

/// The lists of the page.
#[derive(Default, Template)]
#[template(path = "lists.html")]
pub struct Lists {
    warnings: Vec<String>,
    checks: Vec<Check>,
    hazards: Vec<Hazard>,
    scripts: Vec<Script>,
    notes: Vec<(&'static str, String)>,
    facts: Vec<(String, Vec<Fact>)>,
}

struct Check {
    check: String,
    verdict: Verdict,
    found: String,
    remedy: Option<String>,
}

impl Check {
    fn word(&self) -> &'static str {
        verdict_word(self.verdict)
    }

    fn class(&self) -> &'static str {
        match self.verdict {
            Verdict::Ok => "good",
            Verdict::Warn => "warn",
            Verdict::Fail => "bad",
        }
    }
}

struct Hazard {
    name: String,
    database: Option<String>,
    message: String,
    kept: Option<String>,
}

struct Script {
    database: String,
    path: String,
    statements: u64,
    rows: u64,
    seconds: f64,
    already: bool,
}

impl Lists {
    /// Collects the lists from the recorded events.
    pub fn of(recorded: &[Recorded]) -> Lists {
        let mut lists = Lists::default();
        recorded.iter().for_each(|recorded| lists.add(&recorded.event));
        // Entries that need attention come first.
        lists.checks.sort_by_key(|check| std::cmp::Reverse(rank(check.verdict)));
        lists.hazards.sort_by_key(|hazard| hazard.kept.is_none());
        lists
    }

    fn add(&mut self, event: &Event) {
        match event {
            Event::Warning { message } => self.warnings.push(message.clone()),
            Event::Checked { check, verdict, found, remedy } => self.checks.push(Check {
                check: check.clone(),
                verdict: *verdict,
                found: found.clone(),
                remedy: remedy.clone().filter(|_| *verdict != Verdict::Ok),
            }),
            Event::Hazard { hazard, database, message, kept } => self.hazards.push(Hazard {
                name: hazard.clone(),
                database: database.as_deref().map(visible),
                message: message.clone(),
                kept: kept.clone(),
            }),
            Event::ScriptRan { database, script, statements, rows, seconds, already } => self.scripts.push(Script {
                database: visible(database),
                path: visible(script),
                statements: *statements as u64,
                rows: *rows,
                seconds: *seconds,
                already: *already,
            }),
            Event::Noted { step, message } => self.notes.push((step, message.clone())),
            Event::Facts { title, facts } => self.facts.push((title.clone(), facts.clone())),
            _ => {}
        }
    }

    fn hazards_total(&self) -> String {
        let kept = self.hazards.iter().filter(|hazard| hazard.kept.is_some()).count();
        format!("{} defused, {kept} kept", self.hazards.len() - kept)
    }

    fn scripts_total(&self) -> String {
        let rows = self.scripts.iter().map(|script| script.rows).sum();
        format!("{}, {} touched", counted(self.scripts.len() as u64, "script"), counted(rows, "row"))
    }
}

fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Ok => 0,
        Verdict::Warn => 1,
        Verdict::Fail => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{at, rendered};
    use super::*;

    #[test]
    fn entries_that_need_attention_come_first() {
        let check = |check: &str, verdict| {
            let (check, found, remedy) = (check.into(), "found".into(), Some("do <this>".into()));
            at(0.0, Event::Checked { check, verdict, found, remedy })
        };
        let hazard = |name: &str, kept: Option<&str>| {
            let (hazard, message, kept) = (name.into(), "m".into(), kept.map(str::to_owned));
            at(0.0, Event::Hazard { hazard, database: None, message, kept })
        };
        let recorded = [
            check("fine", Verdict::Ok),
            check("broken", Verdict::Fail),
            hazard("pg-cron", None),
            hazard("plpython", Some("a reason")),
        ];
        let lists = Lists::of(&recorded);
        assert_eq!((lists.checks[0].check.as_str(), lists.hazards[0].name.as_str()), ("broken", "plpython"));
        assert_eq!(lists.hazards_total(), "1 defused, 1 kept");
        let page = rendered(&lists);
        assert_eq!(page.matches("do &#60;this&#62;").count(), 1, "{page}");
    }

    #[test]
    fn no_events_draw_nothing() {
        assert_eq!(rendered(&Lists::of(&[])).trim(), "");
    }
}

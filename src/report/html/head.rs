//! The head of the page: command, result, key figures, failures.

use askama::Template;
use jiff::Timestamp;

use super::Recorded;
use super::format::visible;
use crate::error::Exit;
use crate::event::{Event, FailedAt};
use crate::units::{counted, grouped, seconds};

/// The head of the page.
#[derive(Template)]
#[template(path = "head.html")]
pub struct Head {
    /// The command; also in the title.
    pub what: String,
    /// The target or database.
    pub target: String,
    /// The result; also in the title.
    pub verdict: &'static str,
    class: &'static str,
    sentence: String,
    about: Vec<(&'static str, String)>,
    figures: Vec<Figure>,
    failures: Vec<Failed>,
}

struct Figure {
    /// The section with details.
    section: &'static str,
    number: String,
    of: &'static str,
    more: String,
    class: &'static str,
}

struct Failed {
    message: String,
    places: Vec<FailedAt>,
    hint: Option<String>,
    aftermath: Vec<String>,
}

impl Head {
    /// Builds the head from the recorded events.
    pub fn of(recorded: &[Recorded]) -> Head {
        let mut head = Head {
            what: "devdb".to_owned(),
            target: String::new(),
            verdict: "unfinished",
            class: "bad",
            sentence: "The end of this run was not recorded.".to_owned(),
            about: Vec::new(),
            figures: figures(recorded),
            failures: Vec::new(),
        };
        recorded.iter().for_each(|recorded| head.add(recorded));
        // A failure outside of a run, such as an invalid configuration, has no end of a run.
        if !head.failures.is_empty() && head.verdict == "unfinished" {
            (head.verdict, head.sentence) =
                ("failed", "The command failed before the run started or ended.".to_owned());
        }
        head
    }

    fn add(&mut self, recorded: &Recorded) {
        match &recorded.event {
            Event::RunStarted { version, command, target, run_id, .. } => {
                self.what = format!("devdb {command}");
                self.target = visible(target);
                self.about.push(("Started", time(recorded.at)));
                self.about.push(("Run", run_id.clone()));
                self.about.push(("devdb", (*version).to_owned()));
            }
            Event::Failed { message, places, hint, aftermath } => self.failures.push(Failed {
                message: message.clone(),
                places: places.clone(),
                hint: hint.clone(),
                aftermath: aftermath.clone(),
            }),
            Event::RunFinished { exit, generation, seconds: took } => {
                let words = Exit::ALL.into_iter().find(|(code, _)| *code as u8 == *exit).map_or("", |(_, words)| words);
                (self.verdict, self.class) = if *exit == 0 { ("done", "good") } else { ("failed", "bad") };
                self.sentence = match generation {
                    Some(name) => format!("{name} is live."),
                    None if *exit == 0 => String::new(),
                    None => format!("{words}."),
                };
                self.about.insert(0, ("Exit code", format!("{exit} · {words}")));
                self.about.insert(1, ("Took", seconds(*took)));
                self.about.extend(generation.clone().map(|name| ("Generation", name)));
            }
            _ => {}
        }
    }
}

/// `2026-11-22 00:32:02 UTC`.
fn time(at: Timestamp) -> String {
    at.strftime("%F %T UTC").to_string()
}

/// Returns the key figures; those without events are omitted.
fn figures(recorded: &[Recorded]) -> Vec<Figure> {
    let events = || recorded.iter().map(|recorded| &recorded.event);
    let mut figures = Vec::new();
    let mut add = |section, of, number: u64, more: String, class| {
        figures.push(Figure { section, number: grouped(number), of, more, class });
    };
    let columns = || {
        events()
            .filter_map(|event| match event {
                Event::Coverage { columns, .. } => Some(columns),
                _ => None,
            })
            .flatten()
    };
    let all = columns().count() as u64;
    if all > 0 {
        let of = |class: &str| columns().filter(|column| column.class == class).count() as u64;
        let open = of("open");
        let more = if open > 0 { format!("{} open", grouped(open)) } else { format!("of {}, none open", grouped(all)) };
        add("coverage", "columns masked", of("masked") + of("scripted"), more, if open > 0 { "bad" } else { "" });
    }
    let masked = || {
        events().filter_map(|event| match event {
            Event::TableMasked { rows, .. } => Some(*rows),
            _ => None,
        })
    };
    if masked().next().is_some() {
        let tables = format!("in {}", counted(masked().count() as u64, "table"));
        add("tables", "rows masked", masked().sum(), tables, "");
    }
    let scripts = events().filter(|event| matches!(event, Event::ScriptRan { .. })).count() as u64;
    if scripts > 0 {
        add("scripts", "scripts", scripts, "ran".to_owned(), "");
    }
    let hazards = |kept| {
        let of = |event: &&Event| matches!(event, Event::Hazard { kept: reason, .. } if reason.is_some() == kept);
        events().filter(of).count() as u64
    };
    if hazards(true) + hazards(false) > 0 {
        add("hazards", "hazards defused", hazards(false), format!("{} kept", hazards(true)), "");
    }
    let leaks = |kept| {
        let of = |event: &&Event| matches!(event, Event::Leak { kept: reason, .. } if reason.is_some() == kept);
        events().filter(of).count() as u64
    };
    let searched = events().any(|event| matches!(event, Event::LeakChecked { .. }));
    if searched || leaks(true) + leaks(false) > 0 {
        let class = if leaks(false) > 0 { "bad" } else { "" };
        let more = if searched { format!("{} kept", leaks(true)) } else { "search not finished".to_owned() };
        add("leaks", "leaks", leaks(false), more, class);
    }
    let warnings = events().filter(|event| matches!(event, Event::Warning { .. })).count() as u64;
    if warnings > 0 {
        add("warnings", "warnings", warnings, "see below".to_owned(), "warn");
    }
    figures
}

#[cfg(test)]
mod tests {
    use super::super::tests::{at, leak, rendered, searched, started};
    use super::*;

    fn failed() -> Recorded {
        let places = vec![FailedAt { file: "a<b.sql".into(), line: 7, title: "no \"such\" column".into() }];
        let (message, hint) = ("failed to <run>".into(), Some("mask:\n  rules:".into()));
        at(2.0, Event::Failed { message, places, hint, aftermath: vec!["the clone was removed".into()] })
    }

    #[test]
    fn a_successful_run_names_the_live_generation() {
        let end = Event::RunFinished { exit: 0, generation: Some("app-dev-1".into()), seconds: 61.0 };
        let head = Head::of(&[at(0.0, started()), at(61.0, end)]);
        let page = rendered(&head);
        for words in ["app-dev-1 is live.", "0 · done", "1 m 01 s", "2026-11-21 17:00:00 UTC"] {
            assert!(page.contains(words), "{words}: {page}");
        }
        assert_eq!((head.verdict, head.class), ("done", "good"));
    }

    #[test]
    fn a_failed_run_shows_cause_and_remedy() {
        let end = Event::RunFinished { exit: 4, generation: None, seconds: 2.0 };
        let head = Head::of(&[at(0.0, started()), failed(), at(2.0, end)]);
        let page = rendered(&head);
        for words in ["failed, clone removed", "failed to &#60;run&#62;", "a&#60;b.sql:7", "mask:\n  rules:"] {
            assert!(page.contains(words), "{words}: {page}");
        }
    }

    #[test]
    fn an_unfinished_run_is_not_called_good() {
        assert_eq!(Head::of(&[]).verdict, "unfinished");
        assert_eq!(Head::of(&[at(0.0, started())]).class, "bad");
        assert_eq!(Head::of(&[failed()]).verdict, "failed");
        assert!(rendered(&Head::of(&[at(0.0, leak("app", Some("why")))])).contains("search not finished"));
    }

    #[test]
    fn figures_count_events() {
        let recorded = [at(0.0, leak("app", None)), at(0.0, leak("app", Some("why"))), at(1.0, searched("app"))];
        let figures = figures(&recorded);
        assert_eq!(figures.len(), 1);
        assert_eq!((figures[0].number.as_str(), figures[0].more.as_str(), figures[0].class), ("1", "1 kept", "bad"));
    }
}

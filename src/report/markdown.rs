//! The run as a Markdown page.

use crate::event::{Event, Verdict};

use super::text::sentence;
use crate::units::{counted, seconds};

/// Returns the summary of a run, from its events.
pub fn summary(events: &[Event]) -> String {
    let mut out = String::new();
    heading(events, &mut out);
    facts(events, &mut out);
    steps(events, &mut out);
    section(events, &mut out, "Hazards", |event| match event {
        Event::Hazard { hazard, database, message, kept } => {
            let place = database.as_deref().unwrap_or("whole instance");
            let kept = kept.as_ref().map_or_else(String::new, |reason| format!(" (kept: {reason})"));
            Some(format!("**{}** in {}: {}{}", cell(hazard), cell(place), cell(message), cell(&kept)))
        }
        _ => None,
    });
    section(events, &mut out, "Masks", |event| match event {
        Event::Coverage { .. } | Event::TableMasked { .. } => line(event),
        _ => None,
    });
    section(events, &mut out, "Leak check", |event| match event {
        Event::Leak { .. } | Event::LeakChecked { .. } => line(event),
        _ => None,
    });
    section(events, &mut out, "Tables", |event| match event {
        Event::TableSampled { .. } => line(event),
        _ => None,
    });
    section(events, &mut out, "Scripts", |event| match event {
        Event::ScriptRan { database, script, rows, seconds: time, already, .. } => Some(if *already {
            format!("`{}` in {}: committed by an earlier run", cell(script), cell(database))
        } else {
            format!("`{}` in {}: {}, {}", cell(script), cell(database), counted(*rows, "row"), seconds(*time))
        }),
        _ => None,
    });
    section(events, &mut out, "Warnings", |event| match event {
        Event::Warning { message } => Some(cell(message)),
        Event::Checked { check, verdict: Verdict::Warn | Verdict::Fail, found, .. } => {
            Some(format!("{}: {}", cell(check), cell(found)))
        }
        _ => None,
    });
    out
}

fn heading(events: &[Event], out: &mut String) {
    let (mut command, mut target) = ("devdb", "");
    for event in events {
        match event {
            Event::RunStarted { command: name, target: of, .. } => (command, target) = (name, of),
            Event::RunFinished { exit: 0, generation, seconds: time } => {
                let live = generation.as_ref().map_or_else(String::new, |name| format!("`{name}` is live, "));
                out.push_str(&format!("## ✅ {command} {}\n\n{live}{}\n\n", cell(target), seconds(*time)));
            }
            Event::RunFinished { exit, seconds: time, .. } => {
                out.push_str(&format!("## ❌ {command} {}\n\nexit code {exit}, {}\n\n", cell(target), seconds(*time)));
            }
            _ => {}
        }
    }
    for event in events {
        if let Event::Failed { message, hint, aftermath, .. } = event {
            out.push_str(&format!("```text\n{}\n```\n\n", message.replace("```", "'''")));
            aftermath.iter().chain(hint).for_each(|line| out.push_str(&format!("{}\n\n", cell(line))));
        }
    }
}

fn facts(events: &[Event], out: &mut String) {
    for event in events {
        if let Event::Facts { title, facts } = event {
            out.push_str(&format!("### {}\n\n| | |\n| --- | --- |\n", cell(title)));
            facts.iter().for_each(|fact| out.push_str(&format!("| {} | {} |\n", cell(&fact.label), cell(&fact.value))));
            out.push('\n');
        }
    }
}

fn steps(events: &[Event], out: &mut String) {
    let rows: Vec<String> = events
        .iter()
        .filter_map(|event| match event {
            Event::StepFinished { step, summary, seconds: time } => {
                Some(format!("| {step} | {} | {} |\n", cell(summary), seconds(*time)))
            }
            _ => None,
        })
        .collect();
    if !rows.is_empty() {
        out.push_str(&format!("### Steps\n\n| step | result | time |\n| --- | --- | ---: |\n{}\n", rows.concat()));
    }
}

/// Returns the sentence of an event without its list marker.
fn line(event: &Event) -> Option<String> {
    Some(cell(sentence(event)?.trim_start_matches([' ', '-'])))
}

fn section(events: &[Event], out: &mut String, title: &str, line: impl Fn(&Event) -> Option<String>) {
    let lines: Vec<String> = events.iter().filter_map(line).map(|line| format!("- {line}\n")).collect();
    if !lines.is_empty() {
        out.push_str(&format!("### {title}\n\n{}\n", lines.concat()));
    }
}

/// Escapes text for a table cell: names come from a database and may contain anything.
fn cell(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('|', "\\|").replace(['\n', '\r'], " ").replace('`', "'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_becomes_a_page() {
        let events = [
            Event::RunStarted { schema: 1, version: "1", command: "rotate", target: "app".into(), run_id: "r".into() },
            Event::StepFinished { step: "restore", summary: "a|b <b>".into(), seconds: 61.0 },
            Event::Warning { message: "look".into() },
            Event::RunFinished { exit: 0, generation: Some("app-dev-1".into()), seconds: 90.0 },
        ];
        let page = summary(&events);
        assert!(page.starts_with("## ✅ rotate app\n\n`app-dev-1` is live, 1 m 30 s\n"), "{page}");
        assert!(page.contains("| restore | a\\|b &lt;b> | 1 m 01 s |"), "{page}");
        assert!(page.contains("### Warnings\n\n- look\n"), "{page}");
        assert!(!page.contains("Hazards"), "{page}");
    }
}

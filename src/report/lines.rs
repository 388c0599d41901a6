//! Plain lines, for logs and pipes. Progress goes to standard error, what was asked for to standard output.

use std::io::Write;

use crate::event::{Event, Listener, Verdict};

use crate::units::{counted, size};

use super::{aligned, seconds};

/// Writes plain lines.
pub struct Lines;

impl Listener for Lines {
    fn on_event(&self, event: &Event) {
        if let Some(text) = sentence(event) {
            let _ = writeln!(std::io::stderr().lock(), "{text}");
        }
    }

    fn print(&self, text: &str) {
        let _ = write!(std::io::stdout().lock(), "{text}");
    }
}

/// An event as a line, or several. Shared by all forms for people.
pub fn sentence(event: &Event) -> Option<String> {
    Some(match event {
        Event::RunStarted { command, target, run_id, version, .. } => {
            format!("devdb {version}: {command} {target} (run {run_id})")
        }
        Event::Checked { check, verdict, found, remedy } => {
            let word = verdict_word(*verdict);
            match remedy.as_ref().filter(|_| *verdict != Verdict::Ok) {
                Some(remedy) => format!("{word:<5}{check}: {found}\n     -> {remedy}"),
                None => format!("{word:<5}{check}: {found}"),
            }
        }
        Event::Facts { title, facts } => format!("{title}\n{}", aligned(facts)).trim_end().to_owned(),
        Event::StepStarted { title, .. } => format!("> {title}"),
        Event::Progress { message, .. } => format!("    {message}"),
        Event::Noted { message, .. } => format!("  - {message}"),
        Event::Hazard { hazard, database, message, kept } => {
            let place = database.as_ref().map_or_else(String::new, |name| format!(" in {name}"));
            match kept {
                Some(reason) => format!("  - {hazard}{place}: {message}; kept: {reason}"),
                None => format!("  - {hazard}{place}: {message}"),
            }
        }
        Event::Coverage { database, columns } => {
            let count = |class: &str| columns.iter().filter(|column| column.class == class).count();
            let counts =
                ["masked", "scripted", "kept", "computed", "elsewhere", "open"].map(|class| (count(class), class));
            let counts = counts.into_iter().filter(|(number, _)| *number > 0);
            let counts: Vec<String> = counts.map(|(number, class)| format!("{number} {class}")).collect();
            format!("  - {database}: {}: {}", counted(columns.len() as u64, "column"), counts.join(", "))
        }
        Event::TableMasked { database, table, masks, method, why, rows, seconds: time, already, .. } => {
            let columns: Vec<&str> = masks.iter().map(|mask| mask.column.as_str()).collect();
            let columns = columns.join(", ");
            if *already {
                format!("  - {database}: {table} ({columns}) was already masked")
            } else {
                let why = why.as_ref().map_or_else(String::new, |why| format!(" ({why})"));
                format!(
                    "  - {database}: {table} ({columns}), {}, {method}{why}, {}",
                    counted(*rows, "row"),
                    seconds(*time)
                )
            }
        }
        Event::Leak { database, place, rows, of, kept } => {
            let kept = kept.as_ref().map_or_else(String::new, |reason| format!("; kept: {reason}"));
            format!("  - {database}: {of} in {} of {place}{kept}", counted(*rows, "row"))
        }
        Event::LeakChecked { database, mode, places, rows, originals, left_out, seconds: time, .. } => format!(
            "  - {database}: {} of {} searched for {} ({left_out} too short or too common), by {mode}, {}",
            counted(*rows, "row"),
            counted(*places, "place"),
            counted(*originals, "original"),
            seconds(*time)
        ),
        Event::TableSampled { table, rows, bytes } => {
            format!("  - {table}: {}, {}", counted(*rows, "row"), size(*bytes))
        }
        Event::ScriptRan { database, script, statements, rows, seconds: time, already } => {
            if *already {
                format!("  - {database}: {script} was already committed")
            } else {
                format!(
                    "  - {database}: {script}, {}, {}, {}",
                    counted(*statements as u64, "statement"),
                    counted(*rows, "row"),
                    seconds(*time)
                )
            }
        }
        Event::StepFinished { summary, seconds: time, .. } => format!("  ok {summary} ({})", seconds(*time)),
        Event::Warning { message } => format!("warning: {message}"),
        Event::Failed { message, hint, aftermath, .. } => {
            // A drawn complaint brings its own heading.
            let mut text = if message.starts_with("error") { message.clone() } else { format!("error: {message}") };
            for sentence in aftermath {
                text.push_str(&format!("\n  {sentence}"));
            }
            if let Some(hint) = hint {
                text.push_str(&format!("\nhint: {hint}"));
            }
            text
        }
        Event::RunFinished { exit, generation, seconds: time } => match (exit, generation) {
            (0, Some(generation)) => format!("done in {}: {generation} is live", seconds(*time)),
            (0, None) => format!("done in {}", seconds(*time)),
            _ => return None,
        },
    })
}

/// A verdict as a short word.
pub fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ok => "ok",
        Verdict::Warn => "warn",
        Verdict::Fail => "fail",
    }
}

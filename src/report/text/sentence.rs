//! Events as sentences.

use super::aligned::aligned;
use crate::event::{ColumnCoverage, ColumnMask, Event, Verdict};
use crate::units::{counted, grouped, seconds, size};

/// Whether an event is a detail of a step, which only `-v` and the complete reports show. A note outside of a step
/// is the result of a command.
pub fn is_detail(event: &Event, in_step: bool) -> bool {
    match event {
        Event::Progress { .. }
        | Event::Hazard { .. }
        | Event::Coverage { .. }
        | Event::TableMasked { .. }
        | Event::LeakChecked { .. }
        | Event::TableSampled { .. }
        | Event::ScriptRan { .. } => true,
        Event::Noted { .. } => in_step,
        Event::Leak { kept, .. } => kept.is_some(),
        _ => false,
    }
}

/// Returns an event as one or several lines, in the form that all reports for people share; `None` for an event
/// without text.
pub fn sentence(event: &Event) -> Option<String> {
    Some(match event {
        Event::RunStarted { command, target, run_id, version, .. } => {
            format!("devdb {version}: {command} {target} (run {run_id})")
        }
        Event::Checked { check, verdict, found, remedy } => {
            checked(check, *verdict, found, remedy.as_deref().filter(|_| *verdict != Verdict::Ok))
        }
        Event::Facts { title, facts } => format!("{title}\n{}", aligned(facts)).trim_end().to_owned(),
        Event::StepStarted { title, .. } => format!("> {title}"),
        Event::Progress { message, .. } => format!("    {message}"),
        Event::Noted { message, .. } => format!("  - {message}"),
        Event::Hazard { hazard, database, message, kept } => {
            let place = database.as_ref().map_or_else(String::new, |name| format!(" in {name}"));
            format!("  - {hazard}{place}: {message}{}", reason(kept.as_deref()))
        }
        Event::Coverage { database, columns } => format!("  - {database}: {}", coverage(columns)),
        Event::TableMasked { database, table, masks, already: true, .. } => {
            format!("  - {database}: {table} ({}) was already masked", names(masks))
        }
        Event::TableMasked { database, table, masks, method, why, rows, seconds: time, .. } => {
            let why = why.as_ref().map_or_else(String::new, |why| format!(" ({why})"));
            let (columns, rows) = (names(masks), counted(*rows, "row"));
            format!("  - {database}: {table} ({columns}), {rows}, {method}{why}, {}", seconds(*time))
        }
        Event::Leak { database, place, rows, of, kept } => {
            format!("  - {database}: {of} in {} of {place}{}", counted(*rows, "row"), reason(kept.as_deref()))
        }
        Event::LeakChecked { database, mode, places, rows, originals, left_out, seconds: time, .. } => format!(
            "  - {database}: {} in {} searched for {} ({} too short or too common), by {mode}, {}",
            counted(*rows, "row"),
            counted(*places, "place"),
            counted(*originals, "original"),
            grouped(*left_out),
            seconds(*time)
        ),
        Event::TableSampled { table, rows, bytes } => {
            format!("  - {table}: {}, {}", counted(*rows, "row"), size(*bytes))
        }
        Event::ScriptRan { database, script, already: true, .. } => {
            format!("  - {database}: {script} was already committed")
        }
        Event::ScriptRan { database, script, statements, rows, seconds: time, .. } => {
            let (statements, rows) = (counted(*statements as u64, "statement"), counted(*rows, "row"));
            format!("  - {database}: {script}, {statements}, {rows}, {}", seconds(*time))
        }
        Event::StepFinished { summary, seconds: time, .. } => format!("  ok {summary} ({})", seconds(*time)),
        Event::Warning { message } => format!("warning: {message}"),
        Event::Failed { message, hint, aftermath, .. } => failed(message, hint.as_deref(), aftermath),
        Event::RunFinished { exit: 0, generation: Some(generation), seconds: time } => {
            format!("done in {}: {generation} is live", seconds(*time))
        }
        Event::RunFinished { exit: 0, seconds: time, .. } => format!("done in {}", seconds(*time)),
        Event::RunFinished { .. } => return None,
    })
}

/// Returns a verdict as a short word.
pub fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ok => "ok",
        Verdict::Warn => "warn",
        Verdict::Fail => "fail",
    }
}

fn checked(check: &str, verdict: Verdict, found: &str, remedy: Option<&str>) -> String {
    let word = verdict_word(verdict);
    let remedy = remedy.map_or_else(String::new, |remedy| format!("\n     -> {remedy}"));
    format!("{word:<5}{check}: {found}{remedy}")
}

/// The reason that the configuration gives for leaving something.
fn reason(kept: Option<&str>) -> String {
    kept.map_or_else(String::new, |reason| format!("; kept: {reason}"))
}

fn names(masks: &[ColumnMask]) -> String {
    masks.iter().map(|mask| mask.column.as_str()).collect::<Vec<_>>().join(", ")
}

fn coverage(columns: &[ColumnCoverage]) -> String {
    let of = |class: &str| columns.iter().filter(|column| column.class == class).count() as u64;
    let classes = ["masked", "scripted", "kept", "computed", "elsewhere", "open"].map(|class| (of(class), class));
    let classes: Vec<String> = classes
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, class)| format!("{} {class}", grouped(number)))
        .collect();
    [vec![counted(columns.len() as u64, "column")], classes].concat().join(", ")
}

fn failed(message: &str, hint: Option<&str>, aftermath: &[String]) -> String {
    // A drawn complaint brings its own heading.
    let mut text = if message.starts_with("error") { message.to_owned() } else { format!("error: {message}") };
    for sentence in aftermath {
        text.push_str(&format!("\n  {sentence}"));
    }
    if let Some(hint) = hint {
        text.push_str(&format!("\nhint: {hint}"));
    }
    text
}

//! `devdb status`: lists all generations, which one is live, and whether it is too old.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use unicode_width::UnicodeWidthStr as _;

use crate::config::{PlatformConfig, Target};
use crate::error::{Exit, Failure};
use crate::event::Listener;
use crate::platform::{Instance, RecordState, Status, tag};
use crate::rotate::name;
use crate::rotate::observe::{World, observe};
use crate::rotate::phases;
use crate::rotate::run::Run;
use crate::rotate::start::connect_read_only;
use crate::units::span;

use super::global_options::GlobalOptions;

/// One generation in the output.
#[derive(Debug, Serialize)]
struct Row {
    generation: String,
    age_seconds: Option<u64>,
    phase: Option<String>,
    status: String,
    snapshot: Option<String>,
    data_age_seconds: Option<u64>,
    live: bool,
    /// Why devdb would not modify it.
    #[serde(skip_serializing_if = "Option::is_none")]
    foreign: Option<String>,
}

/// Runs the command: prints a table or JSON.
///
/// Returns `Exit::Refused` if no generation is live, or the live one is down or older than `generation.max_age`.
pub async fn run(global: &GlobalOptions, listener: Arc<dyn Listener>) -> Result<Exit, Failure> {
    let run = connect_read_only(global.target()?, listener).await?;
    let world = observe(&run.platform).await?;
    let rows = rows(&run, &world);
    if global.is_json() {
        let text = serde_json::to_string(&rows).map_err(|error| Failure::new(Exit::Unexpected, error))?;
        run.listener.print(&format!("{text}\n"));
    } else {
        run.listener.print(&table(&rows, &run.target.record.name));
    }
    match problem(&run, &world, &rows) {
        Some(message) => {
            run.warn(message);
            Ok(Exit::Refused)
        }
        None => Ok(Exit::Done),
    }
}

/// Returns what is wrong with the live generation, if anything.
fn problem(run: &Run, world: &World, rows: &[Row]) -> Option<String> {
    let record = &run.target.record.name;
    match world.live() {
        Some(Instance { name, status: status @ (Status::Stopping | Status::Stopped), .. }) => {
            return Some(format!("{name} is live, and {status}; {}", start_of(&run.target)));
        }
        Some(Instance { name, status: Status::Failed(status), .. }) => {
            return Some(format!("{name} is live, and {status}; `devdb rotate` replaces it"));
        }
        Some(Instance { name, status: Status::Damaged(why), .. }) => {
            return Some(format!("{name} is live, and damaged: {why}; `devdb rotate` replaces it"));
        }
        _ => {}
    }
    if let Some(row) = rows.iter().find(|row| row.live) {
        let (age, max) = (Duration::from_secs(row.age_seconds?), run.target.generation.max_age);
        return (age > max).then(|| format!("{} is {} old; max_age is {}", row.generation, span(age), span(max)));
    }
    Some(match &world.record {
        RecordState::Absent => format!("the record {record} does not exist yet; the first rotation creates it"),
        RecordState::Present(value) => {
            format!("{record} points at {}, which is not a generation of this target", value.value)
        }
        RecordState::Foreign(why) => format!("{record}: {why}"),
    })
}

/// Returns how to start a stopped generation of a target.
fn start_of(target: &Target) -> &'static str {
    match target.platform {
        PlatformConfig::Local(_) => "`devdb start` starts it",
        PlatformConfig::Aws(_) => "start it in RDS, or replace it with `devdb rotate`",
    }
}

fn rows(run: &Run, world: &World) -> Vec<Row> {
    let since =
        |then: Option<Timestamp>| then.and_then(|then| u64::try_from(world.now.duration_since(then).as_secs()).ok());
    let mut rows: Vec<Row> = world
        .instances
        .iter()
        .zip(&world.pointed_at)
        .map(|(instance, live)| Row {
            generation: instance.name.clone(),
            age_seconds: since(name::created_at(&run.target.generation.prefix, instance)),
            phase: phases::of(world, instance, *live).map(|phase| phase.to_string()),
            status: instance.status.to_string(),
            snapshot: instance.tag(tag::SNAPSHOT).map(str::to_owned),
            data_age_seconds: since(instance.tag(tag::SNAPSHOT_TIME).and_then(|time| time.parse().ok())),
            live: *live,
            foreign: run.rules.check(&world.identity, instance, None).err().map(|refusal| refusal.to_string()),
        })
        .collect();
    rows.sort_by(|a, b| b.generation.cmp(&a.generation));
    rows
}

fn table(rows: &[Row], record: &str) -> String {
    let age =
        |seconds: Option<u64>| seconds.map_or_else(|| "?".to_owned(), |seconds| span(Duration::from_secs(seconds)));
    let mut lines = vec![["GENERATION", "AGE", "PHASE", "STATUS", "SNAPSHOT", "DATA AGE", "RECORD"].map(str::to_owned)];
    lines.extend(rows.iter().map(|row| {
        [
            row.generation.clone(),
            age(row.age_seconds),
            row.phase.clone().unwrap_or_else(|| "?".into()),
            row.status.clone(),
            row.snapshot.clone().unwrap_or_else(|| "?".into()),
            age(row.data_age_seconds),
            match (&row.foreign, row.live) {
                (_, true) => format!("<- {record}"),
                (Some(why), false) => format!("not ours: {why}"),
                (None, false) => String::new(),
            },
        ]
    }));
    // A cell is one line: names on the local platform are those of files.
    let without_controls = |cell: &mut String| *cell = cell.replace(char::is_control, " ");
    lines.iter_mut().flatten().for_each(without_controls);
    let mut out = String::new();
    for line in &lines {
        for (column, cell) in line.iter().enumerate() {
            let width = lines.iter().map(|line| line[column].width()).max().unwrap_or(0);
            let pad = width - cell.width() + 2;
            out.push_str(cell);
            if column + 1 < line.len() {
                out.push_str(&" ".repeat(pad));
            }
        }
        out.truncate(out.trim_end().len());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(generation: &str, snapshot: &str) -> Row {
        Row {
            generation: generation.into(),
            age_seconds: Some(60),
            phase: None,
            status: "available".into(),
            snapshot: Some(snapshot.into()),
            data_age_seconds: None,
            live: true,
            foreign: None,
        }
    }

    #[test]
    fn columns_are_aligned_on_a_terminal_with_wide_and_long_names() {
        let table = table(&[row("app-dev-1", "매일-백업"), row(&"a".repeat(63), "x\ny")], "db");
        let ends: Vec<usize> = table.lines().map(|line| line.rsplit_once("  ").unwrap().0.width()).collect();
        assert_eq!(ends.len(), 3, "{table}");
        assert!(ends.iter().all(|end| *end == ends[0]), "{table}");
    }
}

//! `devdb status`: every generation, what the record points at, whether the live one is too old.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::error::{Exit, Failure};
use crate::platform::{Instance, RecordState, Status, tag};

use super::name;
use super::observe::{World, observe};
use super::run::Run;
use crate::units::span;

/// One generation as `status` shows it.
#[derive(Debug, Serialize)]
struct Row {
    generation: String,
    age_seconds: Option<u64>,
    phase: Option<String>,
    status: String,
    snapshot: Option<String>,
    data_age_seconds: Option<u64>,
    live: bool,
    /// Why devdb would not touch it.
    #[serde(skip_serializing_if = "Option::is_none")]
    foreign: Option<String>,
}

/// Prints the table, or JSON; `Exit::Refused` when nothing is live, or the live one is down or older than
/// `max_age`.
pub async fn status(run: &Run, json: bool) -> Result<Exit, Failure> {
    let world = observe(&run.platform).await?;
    let rows = rows(run, &world);
    if json {
        let text = serde_json::to_string(&rows).map_err(|error| Failure::new(Exit::Unexpected, error))?;
        run.listener.print(&format!("{text}\n"));
    } else {
        run.listener.print(&table(&rows, &run.target.record.name));
    }
    let record = &run.target.record.name;
    let max = run.target.generation.max_age;
    if let Some(Instance { name, status: Status::Dead(status), .. }) = world.live() {
        run.warn(format!("{name} is live, and {status}; `devdb rotate` replaces it"));
        return Ok(Exit::Refused);
    }
    match (rows.iter().find(|row| row.live), &world.record) {
        (Some(row), _) => match row.age_seconds.map(Duration::from_secs) {
            Some(age) if age > max => {
                run.warn(format!("{} is {} old; max_age is {}", row.generation, span(age), span(max)));
                Ok(Exit::Refused)
            }
            _ => Ok(Exit::Done),
        },
        (None, RecordState::Absent) => {
            run.warn(format!("the record {record} does not exist yet: the first rotation makes it"));
            Ok(Exit::Refused)
        }
        (None, RecordState::Present(value)) => {
            run.warn(format!("{record} points at {}, which is no generation of this target", value.value));
            Ok(Exit::Refused)
        }
        (None, RecordState::Foreign(why)) => {
            run.warn(format!("{record}: {why}"));
            Ok(Exit::Refused)
        }
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
            age_seconds: since(made_at(run, instance)),
            phase: instance.phase().map(|phase| phase.to_string()),
            status: instance.status.to_string(),
            snapshot: instance.tag(tag::SNAPSHOT).map(str::to_owned),
            data_age_seconds: since(instance.tag(tag::SNAPSHOT_TIME).and_then(|time| time.parse().ok())),
            live: *live,
            foreign: crate::platform::guard::judge(&run.rules, &world.identity, instance, None)
                .err()
                .map(|refusal| refusal.to_string()),
        })
        .collect();
    rows.sort_by(|a, b| b.generation.cmp(&a.generation));
    rows
}

/// When a generation was made: by its name, or by what the platform says.
pub fn made_at(run: &Run, instance: &Instance) -> Option<Timestamp> {
    name::made_at(&run.target.generation.prefix, &instance.name).or(instance.created_at)
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
    let mut out = String::new();
    for line in &lines {
        for (column, cell) in line.iter().enumerate() {
            let width = lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
            let pad = width - cell.chars().count() + 2;
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

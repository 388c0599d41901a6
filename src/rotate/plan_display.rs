//! The plan as text, for `--dry-run`.

use crate::event::Fact;
use crate::platform::{RecordState, tag};
use crate::units::{size, span};

use super::inputs::RunInputs;
use super::observe::World;
use super::plan::{Plan, Work, age};
use super::run::Run;

/// Returns everything a rotation would do, in order.
pub fn facts(run: &Run, plan: &Plan, world: &World, inputs: &RunInputs, contexts: &[String]) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut put = |label: &str, value: String| facts.push(Fact::new(label, value));
    let snapshot = &plan.snapshot;
    let taken = age(world.now, snapshot).map_or_else(String::new, |age| format!(", {} old", span(age)));
    let bytes = snapshot.size.map_or_else(String::new, |bytes| format!(", {}", size(bytes)));
    put("snapshot", format!("{} ({}{taken}{bytes})", snapshot.id, snapshot.kind));
    match &plan.work {
        Work::Restore { name } => put("restore as", name.clone()),
        Work::Resume { clone } => {
            let phase = clone.phase().map_or_else(String::new, |phase| format!(" {phase}"));
            put("resume", format!("{}{phase}, the clone of an interrupted run", clone.name));
        }
        Work::Finish { generation } => put("finish", format!("{}: the record already points at it", generation.name)),
    }
    for (key, value) in &world.quarantine {
        put(key, value.clone());
    }
    let target = &run.target;
    for (key, value) in &plan.tags {
        // Run and lease differ in every run.
        if key != tag::RUN && key != tag::LEASE {
            put("tag", format!("{key}={value}"));
        }
    }
    put("logins that stay open", list(run.allowed_logins().iter()));
    put("all other logins", "closed, their sessions ended".into());
    for (hazard, reason) in &target.kept_hazards {
        put("kept hazard", format!("{hazard}: {reason}"));
    }
    for work in &inputs.databases {
        for (at, entry) in work.scripts.selected(contexts).enumerate() {
            put(if at == 0 { "scripts" } else { "" }, format!("{}: {}", work.database, entry.path));
        }
    }
    for (key, value) in run.platform.published_settings() {
        put("once scrubbed", format!("{key}: {value}"));
    }
    let old = match &plan.record {
        RecordState::Absent => "does not exist yet".to_owned(),
        RecordState::Present(record) => record.value.clone(),
        RecordState::Foreign(why) => why.clone(),
    };
    put("record", format!("{}: {old} -> {}", target.record.name, plan.work.name()));
    put("removed first", list(plan.abandoned.iter().map(|clone| &clone.name)));
    put("retired at the end", list(plan.retire.iter().map(|clone| &clone.name)));
    put("kept for rollback", list(plan.keep.iter().map(|clone| &clone.name)));
    facts
}

fn list<'a>(names: impl Iterator<Item = &'a String>) -> String {
    let names: Vec<&str> = names.map(String::as_str).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

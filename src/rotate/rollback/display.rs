//! The plan as text, for `--dry-run`.

use crate::config::Password;
use crate::event::Fact;
use crate::platform::{RecordState, Status, tag};
use crate::rotate::run::Run;

use super::plan::RollbackPlan;

/// Returns everything that a rollback would do, in order.
pub(super) fn facts(run: &Run, plan: &RollbackPlan) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut put = |label: &str, value: String| facts.push(Fact::new(label, value));
    let data = plan.to.tag(tag::SNAPSHOT).map_or_else(String::new, |id| format!(", snapshot {id}"));
    put("generation", format!("{} ({}{data})", plan.to.name, plan.to.status));
    if matches!(plan.to.status, Status::Stopping | Status::Stopped) {
        put("start", plan.to.name.clone());
    }
    put("master password", format!("reset in {}", plan.to.name));
    if let Password::Generate { store: Some(program) } = &run.target.master_password {
        put("", format!("stored by {}", program.first().map_or("", String::as_str)));
    }
    let names: Vec<&str> = run.target.databases.iter().map(|database| database.name.as_str()).collect();
    put("marker", format!("must say that it is scrubbed, in {}", names.join(", ")));
    let old = match (&plan.from, &plan.record) {
        (Some(from), _) => from.name.clone(),
        (None, RecordState::Present(record)) => record.value.clone(),
        (None, RecordState::Absent | RecordState::Foreign(_)) => "nothing".to_owned(),
    };
    put("record", format!("{}: {old} -> {}", run.target.record.name, plan.to.name));
    let retired: Vec<&str> = plan.retire.iter().map(|one| one.name.as_str()).collect();
    put("retired, and kept", if retired.is_empty() { "none".to_owned() } else { retired.join(", ") });
    facts
}

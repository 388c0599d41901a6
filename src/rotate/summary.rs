//! The end of a rotation's report: what a developer needs to know about the new generation.

use jiff::Timestamp;

use crate::config::PlatformConfig;
use crate::event::{Event, Fact};
use crate::pg::{connection_string, shell_word};
use crate::platform::Instance;
use crate::units::span;

use super::plan::{Plan, age};
use super::run::Run;

/// Reports the live generation, how to connect to it, the age of its data, and what was skipped.
pub fn report(run: &Run, plan: &Plan, instance: &Instance) {
    let mut facts = vec![Fact::new("generation", instance.name.clone())];
    add_list(&mut facts, "connect", connect(run, instance));
    let age = age(Timestamp::now(), &plan.snapshot).map_or_else(String::new, |age| format!(", {} old", span(age)));
    facts.push(Fact::new("data", format!("snapshot {}{age}", plan.snapshot.id)));
    let skipped = run.skipped.lines();
    add_list(&mut facts, "skipped", if skipped.is_empty() { vec!["nothing".to_owned()] } else { skipped });
    let title = format!("{} serves the new generation:", run.target.record.name);
    run.listener.on_event(&Event::Facts { title, facts });
}

/// Adds lines under one label.
fn add_list(facts: &mut Vec<Fact>, label: &str, lines: Vec<String>) {
    let labels = std::iter::once(label).chain(std::iter::repeat(""));
    facts.extend(labels.zip(lines).map(|(label, line)| Fact::new(label, line)));
}

/// Returns one command per database, for the first role that may log in.
fn connect(run: &Run, instance: &Instance) -> Vec<String> {
    let target = &run.target;
    let user = run.allowed_logins().into_iter().next().unwrap_or_else(|| instance.master_user.clone());
    let record = &target.record.name;
    let command = |database: &str| match &target.platform {
        PlatformConfig::Local(local) => {
            let file = local.root.join("pg_service.conf").display().to_string();
            let connection = connection_string(&[("service", record), ("dbname", database), ("user", &user)]);
            format!("PGSERVICEFILE={} psql {}", shell_word(&file), shell_word(&connection))
        }
        PlatformConfig::Aws(_) => {
            let port = instance.route.as_ref().map_or(5432, |route| route.port).to_string();
            let settings = [("host", record.as_str()), ("port", &port), ("dbname", database), ("user", &user)];
            format!("psql {}", shell_word(&connection_string(&settings)))
        }
    };
    target.databases.iter().map(|database| command(&database.name)).collect()
}

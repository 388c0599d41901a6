//! All hazards, in the order in which they are defused.

use super::hazard::Hazard;
use super::{
    event_triggers, extensions, foreign_servers, pg_cron, prepared, settings, slots, subscriptions, tables, timescaledb,
};

/// Returns all hazards in defusal order. The order matters: prepared transactions hold the locks that everything else
/// would wait for; whatever talks to other servers comes next; event triggers are disabled before the first change of
/// the schema; tables come last because dropping an extension may already have dropped some of them.
pub(super) fn all() -> Vec<Box<dyn Hazard>> {
    let mut hazards: Vec<Box<dyn Hazard>> = vec![
        Box::new(prepared::PreparedTransactions),
        Box::new(subscriptions::Subscriptions),
        Box::new(slots::ReplicationSlots),
        Box::new(event_triggers::EventTriggers),
        Box::new(pg_cron::PgCron),
        Box::new(timescaledb::TimescaleJobs),
        Box::new(foreign_servers::ForeignServers),
        Box::new(extensions::OutboundExtensions),
        Box::new(extensions::UntrustedLanguages),
        Box::new(settings::SecretSettings),
    ];
    hazards.extend(tables::all());
    hazards
}

/// Returns each hazard's name and description once, for the documentation.
pub fn catalogue() -> Vec<(&'static str, &'static str)> {
    let mut entries: Vec<(&'static str, &'static str)> = Vec::new();
    for hazard in all() {
        if !entries.iter().any(|(name, _)| *name == hazard.name()) {
            entries.push((hazard.name(), hazard.about()));
        }
    }
    entries
}

/// Returns the names that `hazards.keep` may use.
pub fn names() -> Vec<&'static str> {
    catalogue().into_iter().map(|(name, _)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_plain_yaml_keys() {
        let names = names();
        for name in &names {
            assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'), "{name}");
            assert_eq!(names.iter().filter(|other| *other == name).count(), 1, "{name}");
        }
        assert!(names.len() > 25, "{names:?}");
    }
}

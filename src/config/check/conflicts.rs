//! Conflicts between targets: no two may claim the same instances or the same record.

use std::collections::BTreeMap;

use super::cursor::Cursor;
use crate::config::resolved::{PlatformConfig, Target};

/// Checks each target against those before it. `at` is the map of all targets.
pub fn check(targets: &BTreeMap<String, Target>, at: Cursor<'_>) {
    for (index, target) in targets.values().enumerate() {
        for other in targets.values().take(index) {
            pair(target, other, at);
        }
    }
}

fn pair(target: &Target, other: &Target, at: Cursor<'_>) {
    if record(target) == record(other) {
        at.key(&target.name).key("record").key("name").report(
            format!("the target `{}` has the same record", other.name),
            "give each target its own record: both would point it at their own generations",
        );
    }
    if location(target) != location(other) {
        return;
    }
    if overlap(&target.generation.prefix, &other.generation.prefix) {
        at.key(&target.name).key("generation").key("prefix").report(
            format!("the prefix overlaps with that of the target `{}`", other.name),
            "choose prefixes of which none begins with another: a target deletes instances with its prefix",
        );
    }
    // If both have the same source, the check of each target has compared it with the target's prefix.
    if target.source.instance == other.source.instance {
        return;
    }
    for (owner, sourced) in [(other, target), (target, other)] {
        if overlap(&sourced.source.instance.to_lowercase(), &owner.generation.prefix) {
            at.key(&sourced.name).key("source").key("instance").report(
                format!("the name overlaps with the prefix of the target `{}`", owner.name),
                format!("choose another prefix for `{}`: instances with its prefix may be deleted", owner.name),
            );
        }
    }
}

/// Whether one text begins with the other. An empty one was reported already.
fn overlap(left: &str, right: &str) -> bool {
    !left.is_empty() && !right.is_empty() && (left.starts_with(right) || right.starts_with(left))
}

/// Returns the scope in which instance names are unique.
fn location(target: &Target) -> (String, String) {
    match &target.platform {
        PlatformConfig::Aws(aws) => (aws.account.clone(), aws.region.clone()),
        PlatformConfig::Local(local) => (String::new(), local.root.display().to_string()),
    }
}

/// Returns the record with the scope in which its name is unique; for a DNS name, the scope is global.
fn record(target: &Target) -> (String, String) {
    let name = target.record.name.to_lowercase();
    match &target.platform {
        PlatformConfig::Aws(_) => (String::new(), name),
        PlatformConfig::Local(local) => (local.root.display().to_string(), name),
    }
}

#[cfg(test)]
mod tests {
    use crate::config::testing::*;

    const SECOND: &str = "
  b:
    platform: { local: { root: ./devdb } }
    source: { instance: b-prod }
    generation: { prefix: for-b- }
    record: { name: b }
    databases: [{ name: app }]
";

    #[test]
    fn conflicting_targets_are_refused() {
        let two = LOCAL.trim_end().to_owned() + SECOND;
        assert!(short_complaints(&two).is_empty());
        assert_faults(&two, "conflicts");
    }

    #[test]
    fn equal_names_in_different_locations_do_not_conflict() {
        let other =
            SECOND.replace("./devdb", "./other").replace("for-b-", "app-dev-").replace("name: b }", "name: app-dev }");
        assert!(short_complaints(LOCAL.trim_end().to_owned() + &other).is_empty());
    }
}

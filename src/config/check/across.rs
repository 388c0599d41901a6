//! Checks between targets: none may take another's instances or record for its own.

use std::collections::BTreeMap;

use crate::config::resolved::{PlatformConfig, Target};

use super::place::Place;

/// Holds each target against those before it. `at` is the place of all targets.
pub fn across(targets: &BTreeMap<String, Target>, at: Place<'_>) {
    for (index, target) in targets.values().enumerate() {
        let here = at.at(&target.name);
        for other in targets.values().take(index) {
            let name = &other.name;
            if record(target) == record(other) {
                here.at("record").at("name").complain(
                    format!("the target `{name}` has the same record"),
                    "give each target a record of its own: they would take it from each other",
                );
            }
            if home(target) != home(other) {
                continue;
            }
            let (ours, theirs) = (&target.generation.prefix, &other.generation.prefix);
            let are_both_there = !ours.is_empty() && !theirs.is_empty();
            if are_both_there && (ours.starts_with(theirs.as_str()) || theirs.starts_with(ours.as_str())) {
                here.at("generation").at("prefix").complain(
                    format!("this prefix and that of the target `{name}` begin alike"),
                    "choose prefixes of which none begins with another: a target deletes what begins with its prefix",
                );
            }
            // With one source, each target's own check has said it.
            if target.source.instance == other.source.instance {
                continue;
            }
            for (owner, source, at) in [(other, &target.source, here), (target, &other.source, at.at(name))] {
                let (prefix, instance) = (&owner.generation.prefix, source.instance.to_lowercase());
                let are_both_there = !prefix.is_empty() && !instance.is_empty();
                if are_both_there && (instance.starts_with(prefix.as_str()) || prefix.starts_with(&instance)) {
                    at.at("source").at("instance").complain(
                        format!("this name and the prefix of the target `{}` begin alike", owner.name),
                        format!("choose another prefix for `{}`: what begins with it may be deleted", owner.name),
                    );
                }
            }
        }
    }
}

/// Where instances with the same name are the same instance.
fn home(target: &Target) -> (String, String) {
    match &target.platform {
        PlatformConfig::Aws(aws) => (aws.account.clone(), aws.region.clone()),
        PlatformConfig::Local(local) => (String::new(), local.root.display().to_string()),
    }
}

/// The record, with what makes it one: a DNS name is one in the whole world.
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
    fn targets_that_would_take_from_each_other_are_refused() {
        let two = LOCAL.trim_end().to_owned() + SECOND;
        assert!(said(&two).is_empty());
        assert_faults(
            &two,
            r#"
            prefix: for-b- => prefix: app-dev-b-
                12:27 this prefix and that of the target `app-dev` begin alike
                choose prefixes of which none begins with another: a target deletes what begins with its prefix
            name: b } => name: APP-dev }
                13:21 the target `app-dev` has the same record
                give each target a record of its own: they would take it from each other
            instance: b-prod => instance: app-dev-prod
                11:25 this name and the prefix of the target `app-dev` begin alike
                choose another prefix for `app-dev`: what begins with it may be deleted
            prefix: for-b- => prefix: app-prod-
                5:25 this name and the prefix of the target `b` begin alike
                choose another prefix for `b`: what begins with it may be deleted
            prefix: for-b- => prefix:
                12:19 `targets.b.generation.prefix` is empty
                give it text, or remove it
            "#,
        );
    }

    #[test]
    fn in_another_place_the_same_names_are_others() {
        let other =
            SECOND.replace("./devdb", "./other").replace("for-b-", "app-dev-").replace("name: b }", "name: app-dev }");
        assert!(said(LOCAL.trim_end().to_owned() + &other).is_empty());
    }
}

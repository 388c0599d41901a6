//! The source, the names of its generations and the record.

use std::time::Duration;

use crate::config::raw::{self, SnapshotKind};
use crate::config::resolved::{Generation, PREFIX_MIN, PlatformConfig, Record, Source};

use super::names;
use super::place::Place;

/// Characters of a generation's timestamp: `20261121-021700`.
const TIMESTAMP: usize = 15;
/// The longest name RDS takes.
const NAME_MAX: usize = 63;

/// Checks where the data comes from.
pub fn source(written: raw::Source, platform: &PlatformConfig, at: Place<'_>) -> Source {
    let instance = at.at("instance");
    instance.require(
        names::is_instance(&written.instance),
        format!("{} cannot be an instance", instance.shown()),
        "write the identifier: letters, digits and single hyphens, beginning with a letter",
    );
    let (name, defaults, allowed): (_, &[_], &[_]) = match platform {
        PlatformConfig::Aws(_) => (
            "aws",
            &[SnapshotKind::Automated, SnapshotKind::Awsbackup],
            &[SnapshotKind::Automated, SnapshotKind::Manual, SnapshotKind::Awsbackup, SnapshotKind::Shared],
        ),
        PlatformConfig::Local(_) => ("local", &[SnapshotKind::Basebackup], &[SnapshotKind::Basebackup]),
    };
    let kinds = written.snapshots.unwrap_or_else(|| defaults.to_vec());
    for (index, kind) in kinds.iter().enumerate() {
        let at = at.at("snapshots").item(index);
        let list: Vec<String> = allowed.iter().map(|kind| format!("`{}`", kind.as_str())).collect();
        at.require(
            allowed.contains(kind),
            format!("`{name}` has no snapshots of the kind `{}`", kind.as_str()),
            format!("write one or more of {}", list.join(", ")),
        );
        at.require(!kinds[..index].contains(kind), "this kind is listed twice", "remove one of them");
    }
    if let Some(id) = &written.resource_id {
        let at = at.at("resource_id");
        at.require(
            !id.is_empty() && !id.contains(char::is_whitespace),
            format!("{} is not a resource id", at.shown()),
            "write it like `db-ABCDEFGHIJKLMNOPQRSTUVWXYZ`, or remove it",
        );
    }
    Source {
        instance: written.instance,
        resource_id: written.resource_id,
        snapshots: kinds.iter().map(|kind| kind.as_str().to_owned()).collect(),
        max_snapshot_age: at.at("max_snapshot_age").some_length(&written.max_snapshot_age),
    }
}

/// Checks how generations are named and kept. What begins with the prefix may be deleted, so the
/// prefix is held to more than a name's rules.
pub fn generation(written: &raw::Generation, source: &Source, at: Place<'_>) -> Generation {
    let prefix = &written.prefix;
    let place = at.at("prefix");
    let lower = source.instance.to_lowercase();
    let danger = "choose a prefix that production's name does not share: what begins with it may be deleted";
    let _ = place.require(
        names::begins_instance(prefix) && prefix.ends_with('-') && !prefix.contains(|c: char| c.is_ascii_uppercase()),
        format!("{} cannot be a prefix", place.shown()),
        "write lower-case letters, digits and single hyphens, a letter first and `-` last, like `app-dev-`",
    ) && place.require(
        prefix.len() >= PREFIX_MIN,
        format!("the prefix has fewer than {PREFIX_MIN} characters"),
        "choose a longer one: what begins with it may be deleted",
    ) && place.require(
        prefix.len() + TIMESTAMP <= NAME_MAX,
        format!("names with this prefix would have more than {NAME_MAX} characters"),
        format!("shorten it to {} characters: a timestamp is added", NAME_MAX - TIMESTAMP),
    ) && place.require(
        !lower.starts_with(prefix.as_str()),
        "the source's name begins with the prefix of the generations",
        danger,
    ) && place.require(
        lower.is_empty() || !prefix.starts_with(&lower),
        "the prefix of the generations begins with the source's name",
        danger,
    );
    let lease = at.at("lease").some_length(&written.lease);
    let max_age = at.at("max_age").some_length(&written.max_age);
    Generation { prefix: prefix.clone(), keep: written.keep, max_age, lease }
}

/// Checks the record, and gives the platform its zone.
pub fn record(written: raw::Record, platform: &mut PlatformConfig, at: Place<'_>) -> Record {
    let name = at.at("name");
    let zone = at.at("zone");
    let ttl = written.ttl.map(|ttl| at.at("ttl").length(&ttl));
    match platform {
        PlatformConfig::Aws(aws) => {
            aws_name(&written.name, name);
            match written.zone {
                Some(id) => {
                    zone.require(
                        names::is_zone(&id),
                        format!("{} is not a hosted zone's id", zone.shown()),
                        "write it like `Z0123456789ABCDEFGHIJ`, without `/hostedzone/`",
                    );
                    aws.zone = id;
                }
                None => {
                    at.complain("the record lacks its `zone`", "add `zone:` with the id of the Route 53 hosted zone")
                }
            }
            if let Some(ttl) = ttl {
                at.at("ttl").require(
                    ttl <= Duration::from_secs(86_400),
                    "resolvers would keep the record for more than a day",
                    "write `60s`: every rotation waits this long before it deletes the old generation",
                );
            }
        }
        PlatformConfig::Local(_) => {
            name.require(
                names::is_word(&written.name),
                format!("{} cannot be a service's name", name.shown()),
                "write letters, digits, `-`, `_` and `.`: it is a section of pg_service.conf",
            );
            if written.zone.is_some() {
                zone.complain_of_key(
                    "`zone` has no use on `local`",
                    "remove it: the record is a section of pg_service.conf",
                );
            }
        }
    }
    let usual = match platform {
        PlatformConfig::Aws(_) => Duration::from_secs(60),
        PlatformConfig::Local(_) => Duration::ZERO,
    };
    Record { name: written.name, ttl: ttl.unwrap_or(usual) }
}

fn aws_name(name: &str, at: Place<'_>) {
    let _ = at.require(
        names::is_dns_name(name),
        format!("{} is not a DNS name", at.shown()),
        "write the whole name in lower case, without the dot at the end, like `db.dev.example.com`",
    ) && at.require(
        !name.ends_with(".rds.amazonaws.com") && !name.ends_with(".rds.amazonaws.com.cn"),
        "the record cannot be the endpoint of an instance",
        "write a name in a hosted zone of yours: each night it points at another endpoint",
    );
}

#[cfg(test)]
mod tests {
    use crate::config::testing::*;

    #[test]
    fn a_prefix_that_could_reach_something_else_is_refused() {
        assert_faults(
            AWS,
            r#"
            prefix: app-dev- => prefix: app-
                14:27 the prefix has fewer than 6 characters
                choose a longer one: what begins with it may be deleted
            prefix: app-dev- => prefix: app-dev
                14:27 `app-dev` cannot be a prefix
                write lower-case letters, digits and single hyphens, a letter first and `-` last, like `app-dev-`
            prefix: app-dev- => prefix: App-dev-
                14:27 `App-dev-` cannot be a prefix
                write lower-case letters, digits and single hyphens, a letter first and `-` last, like `app-dev-`
            prefix: app-dev- => prefix: app--dev-
                14:27 `app--dev-` cannot be a prefix
                write lower-case letters, digits and single hyphens, a letter first and `-` last, like `app-dev-`
            prefix: app-dev- => prefix: 앱-dev-
                14:27 `앱-dev-` cannot be a prefix
                write lower-case letters, digits and single hyphens, a letter first and `-` last, like `app-dev-`
            prefix: app-dev- => prefix: 1app-dev-
                14:27 `1app-dev-` cannot be a prefix
                write lower-case letters, digits and single hyphens, a letter first and `-` last, like `app-dev-`
            prefix: app-dev- => prefix: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-
                14:27 names with this prefix would have more than 63 characters
                shorten it to 48 characters: a timestamp is added
            prefix: app-dev- => prefix: app-prod-
                14:27 the prefix of the generations begins with the source's name
                choose a prefix that production's name does not share: what begins with it may be deleted
            prefix: app-dev- => prefix: ${SECRET}
                14:28 this is not YAML that devdb can read: while parsing a flow mapping, did not find expected ',' or '}'
                inside `{ }` and `[ ]`, write `"${NAME}"` in quotes
            prefix: app-dev- => prefix: "${SECRET}"
                14:27 this cannot be a prefix
                write lower-case letters, digits and single hyphens, a letter first and `-` last, like `app-dev-`
            instance: app-prod => instance: app-dev-1
                14:27 the source's name begins with the prefix of the generations
                choose a prefix that production's name does not share: what begins with it may be deleted
            instance: app-prod => instance: App-Dev-1
                14:27 the source's name begins with the prefix of the generations
                choose a prefix that production's name does not share: what begins with it may be deleted
            instance: app-prod => instance: App-Dev
                14:27 the prefix of the generations begins with the source's name
                choose a prefix that production's name does not share: what begins with it may be deleted
            instance: app-prod => instance: ../prod
                13:25 `../prod` cannot be an instance
                write the identifier: letters, digits and single hyphens, beginning with a letter
            "#,
        );
    }

    #[test]
    fn what_source_generation_and_record_cannot_mean_is_named() {
        assert_faults(
            AWS,
            r#"
            app-prod } => app-prod, snapshots: [basebackup] }
                13:47 `aws` has no snapshots of the kind `basebackup`
                write one or more of `automated`, `manual`, `awsbackup`, `shared`
            app-prod } => app-prod, snapshots: [manual, manual] }
                13:55 this kind is listed twice
                remove one of them
            app-prod } => app-prod, snapshots: [nightly] }
                13:47 `nightly` is not a value of `targets.app-dev.source.snapshots[0]`
                write `automated` or `manual` or `awsbackup` or `shared` or `basebackup`, or remove it
            app-prod } => app-prod, resource_id: "" }
                13:48 empty text is not a resource id
                write it like `db-ABCDEFGHIJKLMNOPQRSTUVWXYZ`, or remove it
            app-prod } => app-prod, max_snapshot_age: 1.5h }
                13:53 `1.5h` is not a length of time
                write it like `90s`, `15m`, `36h` or `2d`
            app-dev- } => app-dev-, keep: 6 }
                14:43 `targets.app-dev.generation.keep` must be a whole number from 0 to 5
                write a whole number from 0 to 5, without quotes
            app-dev- } => app-dev-, keep: "2" }
                14:43 `targets.app-dev.generation.keep` is text, not a whole number
                write a whole number, without quotes
            app-dev- } => app-dev-, lease: 0s }
                14:44 a length of time of nothing would end every run
                write at least `1s`
            app-dev- } => app-dev-, max_age: 36 hours }
                14:46 `36 hours` is not a length of time
                write it like `90s`, `15m`, `36h` or `2d`
            zone: Z0123456789, =>
                15:5 the record lacks its `zone`
                add `zone:` with the id of the Route 53 hosted zone
            zone: Z0123456789 => zone: /hostedzone/Z0123456789
                15:21 `/hostedzone/Z0123456789` is not a hosted zone's id
                write it like `Z0123456789ABCDEFGHIJ`, without `/hostedzone/`
            db.dev.example.com => db.dev.example.com.
                15:40 `db.dev.example.com.` is not a DNS name
                write the whole name in lower case, without the dot at the end, like `db.dev.example.com`
            db.dev.example.com => 개발.example.com
                15:40 `개발.example.com` is not a DNS name
                write the whole name in lower case, without the dot at the end, like `db.dev.example.com`
            db.dev.example.com => app.abc.ap-northeast-2.rds.amazonaws.com
                15:40 the record cannot be the endpoint of an instance
                write a name in a hosted zone of yours: each night it points at another endpoint
            db.dev.example.com => db.dev.example.com, ttl: 2d
                15:65 resolvers would keep the record for more than a day
                write `60s`: every rotation waits this long before it deletes the old generation
            "#,
        );
    }
}

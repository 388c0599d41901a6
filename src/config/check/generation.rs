//! The source, the names of its generations and the record.

use std::time::Duration;

use super::cursor::Cursor;
use super::names;
use crate::config::raw::{self, SnapshotKind};
use crate::config::resolved::{Aws, Generation, PREFIX_MIN, PlatformConfig, Record, Source};

/// Length of a generation's timestamp: `20261121-021700`.
const TIMESTAMP_LENGTH: usize = 15;
/// Maximum length of an instance name on RDS.
const NAME_MAX: usize = 63;

/// Checks the source.
pub fn source(raw: raw::Source, platform: &PlatformConfig, at: Cursor<'_>) -> Source {
    let instance = at.key("instance");
    let is_short = raw.instance.len() <= NAME_MAX;
    instance.require(
        is_short,
        format!("the identifier has {} characters", raw.instance.chars().count()),
        format!("write the name of the instance, which has at most {NAME_MAX}"),
    );
    instance.require(
        names::is_instance(&raw.instance) || !is_short,
        format!("{} is not a valid instance identifier", instance.quoted()),
        format!("use letters, digits and single hyphens, with a letter first, at most {NAME_MAX} characters"),
    );
    if let Some(id) = &raw.resource_id {
        let at = at.key("resource_id");
        at.require(
            !id.is_empty() && !id.contains(char::is_whitespace),
            format!("{} is not a resource id", at.quoted()),
            "write it like `db-ABCDEFGHIJKLMNOPQRSTUVWXYZ`, or remove it",
        );
    }
    let snapshots = snapshot_kinds(raw.snapshots, platform, at.key("snapshots"));
    let instance = match platform {
        // RDS compares identifiers without case and stores them in lower case; the ARNs of a policy are case-sensitive.
        PlatformConfig::Aws(_) => raw.instance.to_lowercase(),
        PlatformConfig::Local(_) => raw.instance,
    };
    Source {
        instance,
        resource_id: raw.resource_id,
        snapshots: snapshots.iter().map(|kind| kind.as_str().to_owned()).collect(),
        max_snapshot_age: at.key("max_snapshot_age").nonzero_duration(&raw.max_snapshot_age),
    }
}

fn snapshot_kinds(raw: Option<Vec<SnapshotKind>>, platform: &PlatformConfig, at: Cursor<'_>) -> Vec<SnapshotKind> {
    let (name, defaults, allowed): (_, &[_], &[_]) = match platform {
        PlatformConfig::Aws(_) => (
            "aws",
            &[SnapshotKind::Automated, SnapshotKind::Awsbackup],
            &[SnapshotKind::Automated, SnapshotKind::Manual, SnapshotKind::Awsbackup, SnapshotKind::Shared],
        ),
        PlatformConfig::Local(_) => ("local", &[SnapshotKind::Basebackup], &[SnapshotKind::Basebackup]),
    };
    let kinds = raw.unwrap_or_else(|| defaults.to_vec());
    for (index, kind) in kinds.iter().enumerate() {
        let at = at.item(index);
        let list: Vec<String> = allowed.iter().map(|kind| format!("`{}`", kind.as_str())).collect();
        at.require(
            allowed.contains(kind),
            format!("`{name}` has no snapshots of the kind `{}`", kind.as_str()),
            format!("write one or more of {}", list.join(", ")),
        );
        at.require(!kinds[..index].contains(kind), "the kind is listed twice", "remove one of them");
    }
    kinds
}

/// Checks names and retention of generations. Instances with the prefix may be deleted, so the prefix has more rules
/// than a name.
pub fn generation(raw: &raw::Generation, source: &Source, at: Cursor<'_>) -> Generation {
    prefix(&raw.prefix, source, at.key("prefix"));
    let lease = at.key("lease").nonzero_duration(&raw.lease);
    let max_age = at.key("max_age").nonzero_duration(&raw.max_age);
    Generation { prefix: raw.prefix.clone(), keep: raw.keep, max_age, lease }
}

/// Reports the first rule that the prefix breaks.
fn prefix(prefix: &str, source: &Source, at: Cursor<'_>) {
    let instance = source.instance.to_lowercase();
    let overlap_help =
        "choose a prefix that does not overlap with production's name: instances with the prefix may be deleted";
    let _ = at.require(
        names::begins_instance(prefix) && prefix.ends_with('-') && !prefix.contains(|c: char| c.is_ascii_uppercase()),
        format!("{} is not a valid prefix", at.quoted()),
        "use lower-case letters, digits and single hyphens, with a letter first and `-` last, such as `app-dev-`",
    ) && at.require(
        prefix.len() >= PREFIX_MIN,
        format!("the prefix has fewer than {PREFIX_MIN} characters"),
        "choose a longer one: instances with the prefix may be deleted",
    ) && at.require(
        prefix.len() + TIMESTAMP_LENGTH <= NAME_MAX,
        format!("names with this prefix would have more than {NAME_MAX} characters"),
        format!("shorten it to {} characters: a timestamp is appended", NAME_MAX - TIMESTAMP_LENGTH),
    ) && at.require(
        !instance.starts_with(prefix),
        "the source's name begins with the prefix of the generations",
        overlap_help,
    ) && at.require(
        instance.is_empty() || !prefix.starts_with(&instance),
        "the prefix of the generations begins with the source's name",
        overlap_help,
    );
}

/// Checks the record, and sets the zone of an `aws` platform.
pub fn record(raw: raw::Record, platform: &mut PlatformConfig, at: Cursor<'_>) -> Record {
    let ttl = raw.ttl.as_ref().map(|ttl| at.key("ttl").duration(ttl));
    let default_ttl = match platform {
        PlatformConfig::Aws(aws) => {
            route53_record(&raw, ttl, aws, at);
            Duration::from_secs(60)
        }
        PlatformConfig::Local(_) => {
            service(&raw, at);
            Duration::ZERO
        }
    };
    Record { name: raw.name, ttl: ttl.unwrap_or(default_ttl) }
}

fn route53_record(raw: &raw::Record, ttl: Option<Duration>, aws: &mut Aws, at: Cursor<'_>) {
    let name = at.key("name");
    let _ = name.require(
        names::is_dns_name(&raw.name),
        format!("{} is not a DNS name", name.quoted()),
        "write the full name in lower case, without a trailing dot, such as `db.dev.example.com`",
    ) && name.require(
        !raw.name.ends_with(".rds.amazonaws.com") && !raw.name.ends_with(".rds.amazonaws.com.cn"),
        "the record is the endpoint of an instance",
        "write a name in one of your hosted zones: every rotation points it at a new endpoint",
    );
    if let Some(id) = &raw.zone {
        let zone = at.key("zone");
        zone.require(
            names::is_zone(id),
            format!("{} is not the id of a hosted zone", zone.quoted()),
            "write it like `Z0123456789ABCDEFGHIJ`, without `/hostedzone/`",
        );
        aws.zone = id.clone();
    } else {
        at.report("the record has no `zone`", "add `zone:` with the id of the Route 53 hosted zone");
    }
    at.key("ttl").require(
        ttl.is_none_or(|ttl| ttl <= Duration::from_secs(86_400)),
        "resolvers would cache the record for more than a day",
        "write `60s`: every rotation waits this long before it deletes the old generation",
    );
}

fn service(raw: &raw::Record, at: Cursor<'_>) {
    let name = at.key("name");
    name.require(
        names::is_word(&raw.name),
        format!("{} is not a valid service name", name.quoted()),
        "use letters, digits, `-`, `_` and `.`: it is a section of pg_service.conf",
    );
    if raw.zone.is_some() {
        at.key("zone")
            .report_key("`local` does not use `zone`", "remove it: the record is a section of pg_service.conf");
    }
}

#[cfg(test)]
mod tests {
    use crate::config::testing::*;

    #[test]
    fn an_unsafe_prefix_is_refused() {
        assert_faults(AWS, "prefix");
    }

    #[test]
    fn invalid_sources_generations_and_records_are_reported() {
        assert_faults(AWS, "source_generation_record");
    }
}

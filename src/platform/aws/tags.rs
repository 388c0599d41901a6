//! Tags as RDS stores them.

use aws_sdk_rds::types::Tag;

use crate::platform::{Tags, tag};

/// Stands before the name of a snapshot. RDS refuses tag values that begin with `rds:`, as the names of automated
/// snapshots do (API reference, data type Tag: "can't be prefixed with aws: or rds:").
const SNAPSHOT_PREFIX: &str = "snapshot:";

/// Returns the tags of a request.
pub(super) fn encode(tags: &Tags) -> Vec<Tag> {
    let pair = |(key, value): (&String, &String)| {
        let value = if key == tag::SNAPSHOT { format!("{SNAPSHOT_PREFIX}{value}") } else { value.clone() };
        Tag::builder().key(key).value(value).build()
    };
    tags.iter().map(pair).collect()
}

/// Returns the tags of a description.
pub(super) fn decode(found: &[Tag]) -> Tags {
    let pair = |each: &Tag| {
        let (key, value) = (each.key()?, each.value().unwrap_or_default());
        let value = if key == tag::SNAPSHOT { value.strip_prefix(SNAPSHOT_PREFIX).unwrap_or(value) } else { value };
        Some((key.to_owned(), value.to_owned()))
    };
    found.iter().filter_map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_begins_as_rds_refuses_it() {
        let tags: Tags = [(tag::SNAPSHOT, "rds:app-prod-2026-11-30-04-05"), (tag::TARGET, "app")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into();
        let sent = encode(&tags);
        assert!(sent.iter().all(|each| !each.value().is_some_and(|value| value.starts_with("rds:"))), "{sent:?}");
        assert_eq!(decode(&sent), tags);
    }
}

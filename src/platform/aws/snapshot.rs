//! Snapshots of the source.

use aws_sdk_rds::types::DbSnapshot;

use crate::platform::error::Result;
use crate::platform::snapshot::Snapshot;

use super::client::Aws;
use super::error::api_error;
use super::instance::timestamp;

/// The kind of snapshots that other accounts own.
const SHARED: &str = "shared";
const GIB: u64 = 1 << 30;

/// Returns all snapshots of the configured kinds, in any status. One request per kind: without a kind RDS leaves out
/// snapshots of AWS Backup and of other accounts.
pub(super) async fn list(aws: &Aws) -> Result<Vec<Snapshot>> {
    let mut found = Vec::new();
    for kind in &aws.target.source.snapshots {
        found.extend(of_kind(aws, kind).await?);
    }
    Ok(found)
}

async fn of_kind(aws: &Aws, kind: &str) -> Result<Vec<Snapshot>> {
    let source = &aws.target.source.instance;
    let request = aws.rds.describe_db_snapshots().snapshot_type(kind);
    // A shared snapshot belongs to an instance of another account; RDS would search this account for that name.
    let request = if kind == SHARED { request.include_shared(true) } else { request.db_instance_identifier(source) };
    let mut pages = request.into_paginator().items().send();
    let mut found = Vec::new();
    while let Some(snapshot) = pages.next().await {
        let snapshot = snapshot.map_err(api_error("DescribeDBSnapshots", source))?;
        if snapshot.db_instance_identifier().is_some_and(|name| name.eq_ignore_ascii_case(source)) {
            found.push(convert(kind, &snapshot));
        }
    }
    Ok(found)
}

fn convert(kind: &str, found: &DbSnapshot) -> Snapshot {
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    let id = text(found.db_snapshot_identifier());
    // A snapshot of another account can only be named by its ARN.
    let location = if kind == SHARED { found.db_snapshot_arn().unwrap_or(&id).to_owned() } else { id.clone() };
    // The creation time of a copy is the time of copying; a copy of last year's data is not new.
    let taken_at =
        found.snapshot_database_time().or(found.original_snapshot_create_time()).or(found.snapshot_create_time());
    let unusable = (kind == SHARED && found.encrypted() == Some(true)).then(|| {
        "RDS cannot restore a shared encrypted snapshot: copy it to this account first, with a key of this account"
            .to_owned()
    });
    Snapshot {
        id,
        location,
        kind: kind.to_owned(),
        source_resource_id: found.dbi_resource_id().map(str::to_owned),
        taken_at: taken_at.and_then(timestamp),
        status: text(found.status()),
        engine: text(found.engine()),
        engine_version: text(found.engine_version()),
        size: found.allocated_storage().and_then(|gib| u64::try_from(gib).ok()).map(|gib| gib * GIB),
        master_user: found.master_username().map(str::to_owned),
        unusable,
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_rds::primitives::DateTime;

    use super::*;

    #[test]
    fn a_copy_is_as_old_as_its_data() {
        let copy = DbSnapshot::builder()
            .db_snapshot_identifier("copy")
            .snapshot_create_time(DateTime::from_secs(2_000))
            .original_snapshot_create_time(DateTime::from_secs(1_000));
        assert_eq!(convert("manual", &copy.clone().build()).taken_at.unwrap().as_second(), 1_000);
        let known = copy.snapshot_database_time(DateTime::from_secs(900)).build();
        assert_eq!(convert("manual", &known).taken_at.unwrap().as_second(), 900);
        assert_eq!(convert("manual", &DbSnapshot::builder().status("creating").build()).taken_at, None);
    }

    #[test]
    fn a_shared_snapshot_is_named_by_its_arn_and_must_not_be_encrypted() {
        let shared = DbSnapshot::builder()
            .db_snapshot_identifier("nightly")
            .db_snapshot_arn("arn:aws:rds:eu-west-1:111122223333:snapshot:nightly")
            .encrypted(true)
            .build();
        let as_shared = convert(SHARED, &shared);
        assert_eq!(as_shared.location, "arn:aws:rds:eu-west-1:111122223333:snapshot:nightly");
        assert!(as_shared.unusable.is_some());
        let own = convert("manual", &shared);
        assert_eq!((own.location.as_str(), own.unusable), ("nightly", None));
    }
}

//! Looking at instances.

use aws_sdk_rds::primitives::DateTime;
use aws_sdk_rds::types::{DbInstance, Endpoint, Event, PendingModifiedValues, SourceType};
use jiff::Timestamp;

use crate::pg::Route;

use super::error::failed;
use super::{Aws, Error, Instance, Result, Settings, Source, settings};
use crate::platform::guard::{self, Refusal};
use crate::platform::{Room, Status, Tags};

/// How far back events are shown, in minutes: longer than any restore. RDS keeps them for two weeks.
const EVENTS_SPAN: i32 = 24 * 60;

/// What RDS says of an instance now; none when there is no such instance.
pub(super) async fn describe(aws: &Aws, name: &str) -> Result<Option<DbInstance>> {
    let answer = aws.rds.describe_db_instances().db_instance_identifier(name).send().await;
    let gone = |error: &aws_sdk_rds::error::SdkError<_>| {
        error.as_service_error().is_some_and(|error: &Describe| error.is_db_instance_not_found_fault())
    };
    let found = match answer {
        Err(error) if gone(&error) => return Ok(None),
        answer => answer.map_err(failed("DescribeDBInstances", name))?,
    };
    let named = |each: &DbInstance| each.db_instance_identifier().is_some_and(|id| id.eq_ignore_ascii_case(name));
    Ok(found.db_instances.into_iter().flatten().find(named))
}
type Describe = aws_sdk_rds::operation::describe_db_instances::DescribeDBInstancesError;

/// One instance in our words.
pub(super) async fn find(aws: &Aws, name: &str) -> Result<Option<Instance>> {
    let found = describe(aws, name).await?;
    found.map(|instance| read(aws, &instance)).transpose()
}

/// All instances under the prefix. RDS cannot filter by prefix, so this goes through all of the region.
pub(super) async fn list(aws: &Aws) -> Result<Vec<Instance>> {
    let prefix = &aws.target.generation.prefix;
    let mut pages = aws.rds.describe_db_instances().into_paginator().items().send();
    let mut found = Vec::new();
    while let Some(instance) = pages.next().await {
        let instance = instance.map_err(failed("DescribeDBInstances", format!("{prefix}…")))?;
        if instance.db_instance_identifier().is_some_and(|name| guard::is_generation_name(prefix, name)) {
            found.push(read(aws, &instance)?);
        }
    }
    Ok(found)
}

/// The production instance in our words.
pub(super) fn source(found: &DbInstance) -> Result<Source> {
    let name = given(found.db_instance_identifier(), "DBInstanceIdentifier", "the source")?;
    Ok(Source {
        resource_id: given(found.dbi_resource_id(), "DbiResourceId", &name)?,
        cluster: found.db_cluster_identifier().map(str::to_owned),
        engine: given(found.engine(), "Engine", &name)?,
        name,
    })
}

fn read(aws: &Aws, found: &DbInstance) -> Result<Instance> {
    let name = given(found.db_instance_identifier(), "DBInstanceIdentifier", "an instance")?;
    in_place(aws, &given(found.db_instance_arn(), "DBInstanceArn", &name)?)?;
    Ok(Instance {
        resource_id: given(found.dbi_resource_id(), "DbiResourceId", &name)?,
        engine: given(found.engine(), "Engine", &name)?,
        cluster: found.db_cluster_identifier().map(str::to_owned),
        status: status(found.db_instance_status().unwrap_or("unknown")),
        route: found.endpoint().and_then(route),
        created_at: found.instance_create_time().and_then(timestamp),
        tags: tags(found),
        deletion_protection: found.deletion_protection().unwrap_or(false),
        replicas: [found.read_replica_db_instance_identifiers(), found.read_replica_db_cluster_identifiers()].concat(),
        replica_of: found
            .read_replica_source_db_instance_identifier()
            .or(found.read_replica_source_db_cluster_identifier())
            .map(str::to_owned),
        pending: pending(found),
        settings: settings(aws, found),
        master_user: found.master_username().unwrap_or_default().to_owned(),
        // Autoscaling would add to it, but minutes after it is full.
        room: found.allocated_storage().and_then(|gib| u64::try_from(gib).ok()).map(|gib| Room::Whole(gib << 30)),
        name,
    })
}

/// A fact without which an instance cannot be told from another.
fn given(value: Option<&str>, what: &str, subject: &str) -> Result<String> {
    value.filter(|value| !value.is_empty()).map(str::to_owned).ok_or_else(|| Error::Api {
        call: "DescribeDBInstances",
        subject: subject.to_owned(),
        code: "incomplete answer".into(),
        message: format!("there is no {what} in it"),
    })
}

/// Every look proves account and region anew: an ARN is `arn:partition:rds:region:account:db:name`.
fn in_place(aws: &Aws, arn: &str) -> Result<()> {
    let mut words = arn.split(':').skip(3);
    let (region, account) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if region == aws.place.region && account == aws.place.account {
        return Ok(());
    }
    Err(Refusal::Elsewhere {
        found: format!("{account} in {region}"),
        expected: format!("{} in {}", aws.place.account, aws.place.region),
    }
    .into())
}

/// What a status means to somebody who waits for `available`. All that need a person to go on are
/// dead, `stopping` with them; a word that is not known is waited on.
pub(super) fn status(word: &str) -> Status {
    const DEAD: [&str; 9] = [
        "failed",
        "restore-error",
        "inaccessible-encryption-credentials",
        "inaccessible-encryption-credentials-recoverable",
        "insufficient-capacity",
        "storage-full",
        "storage-config-error",
        "stopped",
        "stopping",
    ];
    match word {
        // Works fully; only its storage cannot be changed again.
        "available" | "storage-optimization" => Status::Available,
        "deleting" | "deleted" => Status::Deleting,
        word if DEAD.contains(&word) || word.starts_with("incompatible-") => Status::Dead(word.to_owned()),
        word => Status::Moving(word.to_owned()),
    }
}

fn route(endpoint: &Endpoint) -> Option<Route> {
    let host = endpoint.address()?.trim_end_matches('.').to_ascii_lowercase();
    let port = u16::try_from(endpoint.port()?).ok()?;
    Some(Route { server_name: Some(host.clone()), host, port })
}

fn tags(found: &DbInstance) -> Tags {
    let pair =
        |tag: &aws_sdk_rds::types::Tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned()));
    found.tag_list().iter().filter_map(pair).collect()
}

/// Changes that were asked for and are not in force, by RDS's names. The password is the one that matters: right
/// after the call an instance still reads `available` and lets the old password in.
fn pending(found: &DbInstance) -> Vec<String> {
    let mut names = found.pending_modified_values().map(pending_values).unwrap_or_default();
    for group in found.vpc_security_groups() {
        if let (Some(id), Some(status)) = (group.vpc_security_group_id(), group.status())
            && status != "active"
        {
            names.push(format!("security group {id} ({status})"));
        }
    }
    names
}

fn pending_values(values: &PendingModifiedValues) -> Vec<String> {
    let named = [
        ("MasterUserPassword", values.master_user_password().is_some()),
        ("DBInstanceIdentifier", values.db_instance_identifier().is_some()),
        ("DBInstanceClass", values.db_instance_class().is_some()),
        ("EngineVersion", values.engine_version().is_some()),
        ("AllocatedStorage", values.allocated_storage().is_some()),
        ("StorageType", values.storage_type().is_some()),
        ("Iops", values.iops().is_some()),
        ("StorageThroughput", values.storage_throughput().is_some()),
        ("Port", values.port().is_some()),
        ("BackupRetentionPeriod", values.backup_retention_period().is_some()),
        ("MultiAZ", values.multi_az().is_some()),
        ("DBSubnetGroupName", values.db_subnet_group_name().is_some()),
        ("CACertificateIdentifier", values.ca_certificate_identifier().is_some()),
        ("PendingCloudwatchLogsExports", values.pending_cloudwatch_logs_exports().is_some()),
        ("IAMDatabaseAuthenticationEnabled", values.iam_database_authentication_enabled().is_some()),
    ];
    named.into_iter().filter(|(_, is_pending)| *is_pending).map(|(name, _)| name.to_owned()).collect()
}

fn settings(aws: &Aws, found: &DbInstance) -> Settings {
    settings::found(&aws.place, found)
}

/// Time in the platform's form; none for one that does not fit it.
pub(super) fn timestamp(time: &DateTime) -> Option<Timestamp> {
    Timestamp::new(time.secs(), time.subsec_nanos().try_into().ok()?).ok()
}

/// What RDS itself recorded of an instance, newest last.
pub(super) async fn events(aws: &Aws, name: &str) -> Result<Vec<String>> {
    let request = aws.rds.describe_events().source_identifier(name).source_type(SourceType::DbInstance);
    let mut pages = request.duration(EVENTS_SPAN).into_paginator().items().send();
    let mut found = Vec::new();
    while let Some(event) = pages.next().await {
        found.push(event.map_err(failed("DescribeEvents", name))?);
    }
    found.sort_by_key(|event| event.date().map(|date| (date.secs(), date.subsec_nanos())));
    Ok(found.iter().map(say).collect())
}

fn say(event: &Event) -> String {
    let message = event.message().unwrap_or_default();
    match event.date().and_then(timestamp) {
        Some(date) => format!("{} {message}", date.strftime("%Y-%m-%d %H:%M:%SZ")),
        None => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_ready_moving_dead_or_going() {
        assert_eq!(status("available"), Status::Available);
        assert_eq!(status("storage-optimization"), Status::Available);
        assert_eq!(status("backing-up"), Status::Moving("backing-up".into()));
        assert_eq!(status("resetting-master-credentials"), Status::Moving("resetting-master-credentials".into()));
        assert_eq!(status("a-word-of-2031"), Status::Moving("a-word-of-2031".into()));
        for word in ["failed", "incompatible-parameters", "incompatible-network", "restore-error", "storage-full"] {
            assert_eq!(status(word), Status::Dead(word.into()));
        }
        assert_eq!(status("deleting"), Status::Deleting);
    }

    #[test]
    fn an_endpoint_is_a_route_that_verifies_its_own_name() {
        let endpoint = Endpoint::builder().address("App-Dev.x.rds.amazonaws.com.").port(5432).build();
        let route = route(&endpoint).unwrap();
        assert_eq!(route.host, "app-dev.x.rds.amazonaws.com");
        assert_eq!(route.server_name.as_deref(), Some("app-dev.x.rds.amazonaws.com"));
        assert!(super::route(&Endpoint::builder().build()).is_none());
    }
}

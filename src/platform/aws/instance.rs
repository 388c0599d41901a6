//! Descriptions of instances, and their events.

use aws_sdk_rds::primitives::DateTime;
use aws_sdk_rds::types::{DbInstance, Endpoint, Event, PendingModifiedValues, SourceType};
use jiff::Timestamp;

use crate::pg::Route;

use crate::platform::guard::{self, Refusal};
use crate::platform::{
    DiskSpace, Error, Instance, PENDING_PARAMETER_GROUP, PENDING_PASSWORD, PENDING_SECURITY_GROUP, Result, Source,
    Status,
};

use super::client::Aws;
use super::error::api_error;
use super::settings;
use super::tags;

const CALL: &str = "DescribeDBInstances";
/// Period of the events that are shown, in minutes: longer than any restore. RDS keeps events for two weeks.
const EVENTS_PERIOD: i32 = 24 * 60;

/// Returns the description of an instance at this moment; `None` if there is no such instance.
pub(super) async fn describe(aws: &Aws, name: &str) -> Result<Option<DbInstance>> {
    let response = aws.rds.describe_db_instances().db_instance_identifier(name).send().await;
    let is_not_found = |error: &aws_sdk_rds::error::SdkError<_>| {
        error.as_service_error().is_some_and(|error: &Describe| error.is_db_instance_not_found_fault())
    };
    let found = match response {
        Err(error) if is_not_found(&error) => return Ok(None),
        response => response.map_err(api_error(CALL, name))?,
    };
    let has_name = |each: &DbInstance| each.db_instance_identifier().is_some_and(|id| id.eq_ignore_ascii_case(name));
    Ok(found.db_instances.into_iter().flatten().find(has_name))
}
type Describe = aws_sdk_rds::operation::describe_db_instances::DescribeDBInstancesError;

/// Returns one instance.
pub(super) async fn find(aws: &Aws, name: &str) -> Result<Option<Instance>> {
    let found = describe(aws, name).await?;
    found.map(|instance| convert(aws, &instance)).transpose()
}

/// Returns all instances with the prefix. RDS cannot filter by prefix, so this lists all instances of the region.
pub(super) async fn list(aws: &Aws) -> Result<Vec<Instance>> {
    let prefix = &aws.target.generation.prefix;
    let mut pages = aws.rds.describe_db_instances().into_paginator().items().send();
    let mut found = Vec::new();
    while let Some(instance) = pages.next().await {
        let instance = instance.map_err(api_error(CALL, format!("{prefix}…")))?;
        if instance.db_instance_identifier().is_some_and(|name| guard::is_generation_name(prefix, name)) {
            found.push(convert(aws, &instance)?);
        }
    }
    Ok(found)
}

/// Returns the source as described.
pub(super) fn source(found: &DbInstance) -> Result<Source> {
    let name = required(found.db_instance_identifier(), "DBInstanceIdentifier", "the source")?;
    Ok(Source {
        resource_id: required(found.dbi_resource_id(), "DbiResourceId", &name)?,
        cluster: found.db_cluster_identifier().map(str::to_owned),
        engine: required(found.engine(), "Engine", &name)?,
        host: found.endpoint().and_then(route).map(|route| route.host),
        name,
    })
}

fn convert(aws: &Aws, found: &DbInstance) -> Result<Instance> {
    let name = required(found.db_instance_identifier(), "DBInstanceIdentifier", "an instance")?;
    check_location(aws, &required(found.db_instance_arn(), "DBInstanceArn", &name)?)?;
    Ok(Instance {
        resource_id: required(found.dbi_resource_id(), "DbiResourceId", &name)?,
        engine: required(found.engine(), "Engine", &name)?,
        cluster: found.db_cluster_identifier().map(str::to_owned),
        status: status(found.db_instance_status().unwrap_or("unknown")),
        route: found.endpoint().and_then(route),
        created_at: found.instance_create_time().and_then(timestamp),
        tags: tags::decode(found.tag_list()),
        deletion_protection: found.deletion_protection().unwrap_or(false),
        replicas: [found.read_replica_db_instance_identifiers(), found.read_replica_db_cluster_identifiers()].concat(),
        replica_of: found
            .read_replica_source_db_instance_identifier()
            .or(found.read_replica_source_db_cluster_identifier())
            .map(str::to_owned),
        pending: pending(found),
        settings: settings::actual(&aws.settings, found),
        master_user: found.master_username().unwrap_or_default().to_owned(),
        // Storage autoscaling is not counted: it reacts minutes after the disk is full.
        disk: found.allocated_storage().and_then(|gib| u64::try_from(gib).ok()).map(|gib| DiskSpace::Total(gib << 30)),
        name,
    })
}

/// Returns a field without which an instance cannot be identified.
fn required(value: Option<&str>, field: &str, subject: &str) -> Result<String> {
    value.filter(|value| !value.is_empty()).map(str::to_owned).ok_or_else(|| Error::Api {
        call: CALL,
        subject: subject.to_owned(),
        code: "incomplete response".into(),
        message: format!("it contains no {field}"),
        remedy: None,
    })
}

/// Checks that an instance is in the configured account and region, at every describe. The form of an ARN is
/// `arn:partition:rds:region:account:db:name`.
fn check_location(aws: &Aws, arn: &str) -> Result<()> {
    let mut segments = arn.split(':').skip(3);
    let (region, account) = (segments.next().unwrap_or_default(), segments.next().unwrap_or_default());
    if region == aws.settings.region && account == aws.settings.account {
        return Ok(());
    }
    Err(Refusal::WrongAccount {
        found: format!("{account} in {region}"),
        expected: format!("{} in {}", aws.settings.account, aws.settings.region),
    }
    .into())
}

/// Maps a status of RDS. Every status that needs human action counts as failed; an unknown one is waited for.
fn status(text: &str) -> Status {
    const FAILED: [&str; 7] = [
        "failed",
        "restore-error",
        "inaccessible-encryption-credentials",
        "inaccessible-encryption-credentials-recoverable",
        "insufficient-capacity",
        "storage-full",
        "storage-config-error",
    ];
    match text {
        // Fully usable; only its storage cannot be changed again.
        "available" | "storage-optimization" => Status::Available,
        "deleting" | "deleted" => Status::Deleting,
        "stopping" => Status::Stopping,
        "stopped" => Status::Stopped,
        text if FAILED.contains(&text) || text.starts_with("incompatible-") => Status::Failed(text.to_owned()),
        text => Status::InProgress(text.to_owned()),
    }
}

fn route(endpoint: &Endpoint) -> Option<Route> {
    let host = endpoint.address()?.trim_end_matches('.').to_ascii_lowercase();
    let port = u16::try_from(endpoint.port()?).ok()?;
    Some(Route { server_name: Some(host.clone()), host, port })
}

/// Returns the names of modifications that are not in effect yet. The password matters most: right after the call, an
/// instance still reports `available` and accepts the old password.
fn pending(found: &DbInstance) -> Vec<String> {
    let mut names = found.pending_modified_values().map(pending_values).unwrap_or_default();
    for group in found.vpc_security_groups() {
        if let (Some(id), Some(status)) = (group.vpc_security_group_id(), group.status())
            && status != "active"
        {
            names.push(format!("{PENDING_SECURITY_GROUP} {id} ({status})"));
        }
    }
    for group in found.db_parameter_groups() {
        if let (Some(name), Some(status)) = (group.db_parameter_group_name(), group.parameter_apply_status())
            && status != "in-sync"
        {
            names.push(format!("{PENDING_PARAMETER_GROUP} {name} ({status})"));
        }
    }
    names
}

fn pending_values(values: &PendingModifiedValues) -> Vec<String> {
    let named = [
        (PENDING_PASSWORD, values.master_user_password().is_some()),
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

/// Converts a time; `None` if it is out of range.
pub(super) fn timestamp(time: &DateTime) -> Option<Timestamp> {
    Timestamp::new(time.secs(), time.subsec_nanos().try_into().ok()?).ok()
}

/// Returns the events that RDS recorded for an instance, newest last.
pub(super) async fn events(aws: &Aws, name: &str) -> Result<Vec<String>> {
    let request = aws.rds.describe_events().source_identifier(name).source_type(SourceType::DbInstance);
    let mut pages = request.duration(EVENTS_PERIOD).into_paginator().items().send();
    let mut found = Vec::new();
    while let Some(event) = pages.next().await {
        found.push(event.map_err(api_error("DescribeEvents", name))?);
    }
    found.sort_by_key(|event| event.date().map(|date| (date.secs(), date.subsec_nanos())));
    Ok(found.iter().map(describe_event).collect())
}

fn describe_event(event: &Event) -> String {
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
    fn a_status_is_mapped() {
        assert_eq!(status("available"), Status::Available);
        assert_eq!(status("storage-optimization"), Status::Available);
        assert_eq!(status("backing-up"), Status::InProgress("backing-up".into()));
        assert_eq!(status("resetting-master-credentials"), Status::InProgress("resetting-master-credentials".into()));
        assert_eq!(status("a-status-of-2031"), Status::InProgress("a-status-of-2031".into()));
        for text in ["failed", "incompatible-parameters", "incompatible-network", "restore-error", "storage-full"] {
            assert_eq!(status(text), Status::Failed(text.into()));
        }
        assert_eq!(status("deleting"), Status::Deleting);
        assert_eq!(status("stopping"), Status::Stopping);
        assert_eq!(status("stopped"), Status::Stopped);
    }

    #[test]
    fn the_route_of_an_endpoint_verifies_its_own_name() {
        let endpoint = Endpoint::builder().address("App-Dev.x.rds.amazonaws.com.").port(5432).build();
        let route = route(&endpoint).unwrap();
        assert_eq!(route.host, "app-dev.x.rds.amazonaws.com");
        assert_eq!(route.server_name.as_deref(), Some("app-dev.x.rds.amazonaws.com"));
        assert!(super::route(&Endpoint::builder().build()).is_none());
    }
}

//! Everything that changes an instance. Each call takes what the guard let through, and names nothing else.

use std::time::Duration;

use aws_sdk_rds::types::Tag;
use secrecy::{ExposeSecret, SecretString};

use crate::config;

use super::access::partition;
use super::error::failed;
use super::{Aws, Deletable, DevInstance, Error, RestoreOrder, Result, Tags, instance};
use crate::platform::retry::while_busy;
use crate::platform::{Status, tag};

/// How long a new instance may stay invisible to a describe.
const VISIBLE_WITHIN: Duration = Duration::from_secs(120);

/// Starts a restore. Everything that production's snapshot could bring along is said explicitly: RDS
/// otherwise takes the tags, retention and IAM switch of the source and the default security group.
pub(super) async fn restore(aws: &Aws, order: &RestoreOrder) -> Result<()> {
    let place = &aws.place;
    let mut tags = place.tags.clone();
    tags.extend(order.tags.clone());
    let request = aws
        .rds
        .restore_db_instance_from_db_snapshot()
        .db_instance_identifier(&order.name)
        .db_snapshot_identifier(&order.snapshot.location)
        .db_instance_class(&place.class)
        .set_storage_type(place.storage_type.clone())
        .db_subnet_group_name(&place.subnet_group)
        .db_parameter_group_name(&place.parameter_group)
        .set_vpc_security_group_ids(Some(place.quarantine_security_groups.clone()))
        .publicly_accessible(false)
        .multi_az(false)
        .backup_retention_period(0)
        .enable_iam_database_authentication(place.iam_authentication)
        .deletion_protection(false)
        .copy_tags_to_snapshot(false)
        .auto_minor_version_upgrade(false)
        .set_tags(Some(as_list(&tags)));
    match request.send().await {
        // The SDK repeats a call whose answer was lost; the second one meets the first one's work.
        Err(error) if error.as_service_error().is_some_and(|error| error.is_db_instance_already_exists_fault()) => {
            while_busy(VISIBLE_WITHIN, |_| {}, || made_by_us(aws, order)).await
        }
        answer => answer.map(drop).map_err(failed("RestoreDBInstanceFromDBSnapshot", &order.name)),
    }
}

/// Whether the instance of that name carries this run's tag. A new instance may not be visible at
/// once, so not finding it is only `Busy`.
async fn made_by_us(aws: &Aws, order: &RestoreOrder) -> Result<()> {
    let Some(found) = instance::find(aws, &order.name).await? else {
        return Err(Error::Busy {
            call: "RestoreDBInstanceFromDBSnapshot",
            subject: order.name.clone(),
            message: "the name is taken by an instance that cannot be described yet".into(),
        });
    };
    match order.tags.get(tag::RUN) {
        Some(run) if found.tag(tag::RUN) == Some(run) => Ok(()),
        _ => Err(Error::NameTaken { name: order.name.clone() }),
    }
}

/// Sets the master user's password, at once and nothing else.
pub(super) async fn set_password(aws: &Aws, instance: DevInstance, password: &SecretString) -> Result<()> {
    let request = aws
        .rds
        .modify_db_instance()
        .db_instance_identifier(instance.name())
        .master_user_password(password.expose_secret())
        .apply_immediately(true);
    request.send().await.map(drop).map_err(failed("ModifyDBInstance", instance.name()))
}

/// Adds or replaces tags.
pub(super) async fn set_tags(aws: &Aws, instance: DevInstance, tags: &Tags) -> Result<()> {
    let config::Aws { region, account, .. } = &aws.place;
    let arn = format!("arn:{}:rds:{region}:{account}:db:{}", partition(region), instance.name());
    let request = aws.rds.add_tags_to_resource().resource_name(arn).set_tags(Some(as_list(tags)));
    request.send().await.map(drop).map_err(failed("AddTagsToResource", instance.name()))
}

/// Exchanges the quarantine for the developers' security groups.
pub(super) async fn open(aws: &Aws, instance: DevInstance) -> Result<()> {
    let request = aws
        .rds
        .modify_db_instance()
        .db_instance_identifier(instance.name())
        .set_vpc_security_group_ids(Some(aws.place.developer_security_groups.clone()))
        .apply_immediately(true);
    request.send().await.map(drop).map_err(failed("ModifyDBInstance", instance.name()))
}

/// Starts a deletion that leaves no copy behind: no final snapshot, no retained backups. One that is
/// under way, or already done, is success.
pub(super) async fn delete(aws: &Aws, doomed: Deletable) -> Result<()> {
    let request = aws
        .rds
        .delete_db_instance()
        .db_instance_identifier(doomed.name())
        .skip_final_snapshot(true)
        .delete_automated_backups(true);
    let Err(error) = request.send().await else { return Ok(()) };
    let is = error.as_service_error();
    if is.is_some_and(|error| error.is_db_instance_not_found_fault()) {
        return Ok(());
    }
    let going = is.is_some_and(|error| error.is_invalid_db_instance_state_fault())
        && instance::find(aws, doomed.name()).await?.is_none_or(|found| found.status == Status::Deleting);
    if going { Ok(()) } else { Err(failed("DeleteDBInstance", doomed.name())(error)) }
}

fn as_list(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

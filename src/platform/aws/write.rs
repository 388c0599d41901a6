//! All calls that change an instance. Each takes a token of the guard and names no other instance.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use crate::config;
use crate::platform::guard::{Deletable, DevInstance};
use crate::platform::retry::while_transient;
use crate::platform::{Error, RestoreOrder, Result, Status, Tags, tag};

use super::client::Aws;
use super::error::api_error;
use super::instance;
use super::tags;

/// Time for which a describe may not show a new instance, or the start of a stopped one.
const VISIBLE_WITHIN: Duration = Duration::from_secs(120);

/// Starts a restore. Every setting that the snapshot could carry over is specified: otherwise RDS takes tags,
/// retention and the IAM flag from the source, and the default security group.
pub(super) async fn restore(aws: &Aws, order: &RestoreOrder) -> Result<()> {
    let settings = &aws.settings;
    let mut tags = settings.tags.clone();
    tags.extend(order.tags.clone());
    let request = aws
        .rds
        .restore_db_instance_from_db_snapshot()
        .db_instance_identifier(&order.name)
        .db_snapshot_identifier(&order.snapshot.location)
        .db_instance_class(&settings.class)
        .set_storage_type(settings.storage_type.clone())
        .set_allocated_storage(settings.storage.and_then(|gib| i32::try_from(gib).ok()))
        .db_subnet_group_name(&settings.subnet_group)
        .db_parameter_group_name(&settings.parameter_group)
        .set_vpc_security_group_ids(Some(settings.quarantine_security_groups.clone()))
        .publicly_accessible(false)
        .multi_az(false)
        .backup_retention_period(0)
        .enable_iam_database_authentication(settings.iam_authentication)
        .deletion_protection(false)
        .copy_tags_to_snapshot(false)
        .auto_minor_version_upgrade(false)
        .set_tags(Some(tags::encode(&tags)));
    match request.send().await {
        // The SDK repeats a call whose response was lost; the repetition finds the instance of the first attempt.
        Err(error) if error.as_service_error().is_some_and(|error| error.is_db_instance_already_exists_fault()) => {
            while_transient(VISIBLE_WITHIN, |_| {}, || created_by_this_run(aws, order)).await
        }
        result => result.map(drop).map_err(api_error("RestoreDBInstanceFromDBSnapshot", &order.name)),
    }
}

/// Succeeds if the instance of that name has this run's tag. A new instance may not be visible yet, so its absence is
/// [`Error::Busy`].
async fn created_by_this_run(aws: &Aws, order: &RestoreOrder) -> Result<()> {
    let Some(found) = instance::find(aws, &order.name).await? else {
        return Err(Error::Busy {
            call: "RestoreDBInstanceFromDBSnapshot",
            subject: order.name.clone(),
            message: "an instance of that name exists, but cannot be described yet".into(),
        });
    };
    match order.tags.get(tag::RUN) {
        Some(run) if found.tag(tag::RUN) == Some(run) => Ok(()),
        _ => Err(Error::NameTaken { name: order.name.clone() }),
    }
}

/// Sets the master user's password immediately, and no other setting.
pub(super) async fn set_password(aws: &Aws, instance: DevInstance, password: &SecretString) -> Result<()> {
    let request = aws
        .rds
        .modify_db_instance()
        .db_instance_identifier(instance.name())
        .master_user_password(password.expose_secret())
        .apply_immediately(true);
    request.send().await.map(drop).map_err(api_error("ModifyDBInstance", instance.name()))
}

/// Starts a stopped instance, and waits until a describe no longer shows it as stopped: that would look like an
/// instance that does not become available.
pub(super) async fn start(aws: &Aws, instance: DevInstance) -> Result<bool> {
    if instance.instance().status != Status::Stopped {
        return Ok(false);
    }
    let name = instance.name();
    let request = aws.rds.start_db_instance().db_instance_identifier(name);
    request.send().await.map_err(api_error("StartDBInstance", name))?;
    while_transient(VISIBLE_WITHIN, |_| {}, || has_left_stopped(aws, name)).await?;
    Ok(true)
}

async fn has_left_stopped(aws: &Aws, name: &str) -> Result<()> {
    match instance::find(aws, name).await? {
        Some(found) if found.status == Status::Stopped => Err(Error::Busy {
            call: "StartDBInstance",
            subject: name.to_owned(),
            message: "it is still stopped".into(),
        }),
        _ => Ok(()),
    }
}

/// Reboots an instance, which applies the static parameters of its group.
pub(super) async fn reboot(aws: &Aws, instance: DevInstance) -> Result<()> {
    let request = aws.rds.reboot_db_instance().db_instance_identifier(instance.name());
    request.send().await.map(drop).map_err(api_error("RebootDBInstance", instance.name()))
}

/// Adds or replaces tags.
pub(super) async fn set_tags(aws: &Aws, instance: DevInstance, tags: &Tags) -> Result<()> {
    let config::Aws { region, account, .. } = &aws.settings;
    let arn = format!("arn:{}:rds:{region}:{account}:db:{}", config::partition(region), instance.name());
    let request = aws.rds.add_tags_to_resource().resource_name(arn).set_tags(Some(tags::encode(tags)));
    request.send().await.map(drop).map_err(api_error("AddTagsToResource", instance.name()))
}

/// Replaces the quarantine security groups by those for developers.
pub(super) async fn open(aws: &Aws, instance: DevInstance) -> Result<()> {
    let request = aws
        .rds
        .modify_db_instance()
        .db_instance_identifier(instance.name())
        .set_vpc_security_group_ids(Some(aws.settings.developer_security_groups.clone()))
        .apply_immediately(true);
    request.send().await.map(drop).map_err(api_error("ModifyDBInstance", instance.name()))
}

/// Starts a deletion that leaves no copy: no final snapshot, no retained backups. A deletion that is in progress or
/// complete counts as success.
pub(super) async fn delete(aws: &Aws, deletable: Deletable) -> Result<()> {
    let request = aws
        .rds
        .delete_db_instance()
        .db_instance_identifier(deletable.name())
        .skip_final_snapshot(true)
        .delete_automated_backups(true);
    let Err(error) = request.send().await else { return Ok(()) };
    let service_error = error.as_service_error();
    if service_error.is_some_and(|error| error.is_db_instance_not_found_fault()) {
        return Ok(());
    }
    let in_progress = service_error.is_some_and(|error| error.is_invalid_db_instance_state_fault())
        && instance::find(aws, deletable.name()).await?.is_none_or(|found| found.status == Status::Deleting);
    if in_progress { Ok(()) } else { Err(api_error("DeleteDBInstance", deletable.name())(error)) }
}

//! Settings of a quarantined generation: the requested and the actual value of each. One row per setting, so that
//! none is requested and then left out of the comparison.

use aws_sdk_rds::types::DbInstance;

use crate::config;
use crate::platform::instance::Settings;

struct Row {
    key: &'static str,
    /// Requested value; `None` if the configuration leaves the choice to RDS.
    requested: fn(&config::Aws) -> Option<String>,
    /// Actual value.
    actual: fn(&DbInstance) -> String,
}

const ROWS: [Row; 16] = [
    Row { key: "class", requested: |aws| Some(aws.class.clone()), actual: |db| text(db.db_instance_class()) },
    Row {
        key: "storage",
        requested: |aws| aws.storage.map(|gib| format!("{gib} GiB")),
        actual: |db| db.allocated_storage().map_or_else(unknown, |gib| format!("{gib} GiB")),
    },
    Row { key: "storage type", requested: |aws| aws.storage_type.clone(), actual: |db| text(db.storage_type()) },
    Row {
        key: "subnet group",
        requested: |aws| Some(aws.subnet_group.clone()),
        actual: |db| text(db.db_subnet_group().and_then(|group| group.db_subnet_group_name())).to_lowercase(),
    },
    Row {
        key: "parameter group",
        requested: |aws| Some(aws.parameter_group.clone()),
        actual: |db| {
            list(db.db_parameter_groups().iter().map(|group| text(group.db_parameter_group_name()).to_lowercase()))
        },
    },
    Row {
        key: "security groups",
        requested: |aws| Some(list(aws.quarantine_security_groups.iter().cloned())),
        actual: security_groups,
    },
    Row { key: "publicly accessible", requested: |_| no(), actual: |db| yes_no(db.publicly_accessible()) },
    Row {
        key: "backup retention",
        requested: |_| Some("0 days".into()),
        actual: |db| db.backup_retention_period().map_or_else(unknown, |days| format!("{days} days")),
    },
    Row {
        key: "IAM authentication",
        requested: |aws| Some(on_off(Some(aws.iam_authentication))),
        actual: |db| on_off(db.iam_database_authentication_enabled()),
    },
    Row {
        key: "log exports",
        requested: |_| none(),
        actual: |db| list(db.enabled_cloudwatch_logs_exports().iter().cloned()),
    },
    Row { key: "multi-AZ", requested: |_| no(), actual: |db| yes_no(db.multi_az()) },
    Row { key: "deletion protection", requested: |_| off(), actual: |db| on_off(db.deletion_protection()) },
    Row { key: "copy tags to snapshots", requested: |_| no(), actual: |db| yes_no(db.copy_tags_to_snapshot()) },
    Row { key: "minor upgrades", requested: |_| off(), actual: |db| on_off(db.auto_minor_version_upgrade()) },
    Row {
        key: "associated roles",
        requested: |_| none(),
        actual: |db| list(db.associated_roles().iter().map(|role| text(role.role_arn()))),
    },
    // Not a parameter of a restore. It stores statement texts, so it must be off until the scrub is done.
    Row {
        key: "performance insights",
        requested: |_| off(),
        actual: |db| on_off(Some(db.performance_insights_enabled().unwrap_or(false))),
    },
];

/// Returns the settings that a restore requests.
pub(super) fn quarantine(aws: &config::Aws) -> Settings {
    ROWS.iter().filter_map(|row| Some((row.key, (row.requested)(aws)?))).collect()
}

/// Returns the settings that change when the instance is opened to developers.
pub(super) fn published(aws: &config::Aws) -> Settings {
    Settings::from([("security groups", list(aws.developer_security_groups.iter().cloned()))])
}

/// Returns the settings of an instance, with the keys of [`quarantine`].
pub(super) fn actual(aws: &config::Aws, instance: &DbInstance) -> Settings {
    let is_requested = |row: &&Row| (row.requested)(aws).is_some();
    ROWS.iter().filter(is_requested).map(|row| (row.key, (row.actual)(instance))).collect()
}

/// A group that is still being added or removed carries its status: until that ends, the old rules apply.
fn security_groups(db: &DbInstance) -> String {
    list(db.vpc_security_groups().iter().map(|group| match (text(group.vpc_security_group_id()), group.status()) {
        (id, None | Some("active")) => id,
        (id, Some(status)) => format!("{id} ({status})"),
    }))
}

/// Joins items in sorted order, since the API guarantees none.
fn list(items: impl Iterator<Item = String>) -> String {
    let mut items: Vec<String> = items.collect();
    items.sort();
    if items.is_empty() { "none".into() } else { items.join(", ") }
}

fn text(value: Option<&str>) -> String {
    value.map_or_else(unknown, str::to_owned)
}

/// The value of a field that the response leaves out: it equals no requested value.
fn unknown() -> String {
    "unknown".into()
}

fn yes_no(value: Option<bool>) -> String {
    value.map_or_else(unknown, |yes| if yes { "yes".into() } else { "no".into() })
}

fn on_off(value: Option<bool>) -> String {
    value.map_or_else(unknown, |on| if on { "on".into() } else { "off".into() })
}

fn no() -> Option<String> {
    Some("no".into())
}

fn off() -> Option<String> {
    Some("off".into())
}

fn none() -> Option<String> {
    Some("none".into())
}

#[cfg(test)]
mod tests {
    use aws_sdk_rds::types::VpcSecurityGroupMembership;

    use super::*;

    #[test]
    fn a_group_in_transition_equals_no_requested_group() {
        let group = |id: &str, status: &str| {
            VpcSecurityGroupMembership::builder().vpc_security_group_id(id).status(status).build()
        };
        let moving = DbInstance::builder()
            .vpc_security_groups(group("sg-2", "adding"))
            .vpc_security_groups(group("sg-1", "removing"));
        assert_eq!(security_groups(&moving.build()), "sg-1 (removing), sg-2 (adding)");
        let done = DbInstance::builder().vpc_security_groups(group("sg-2", "active")).build();
        assert_eq!(security_groups(&done), "sg-2");
    }
}

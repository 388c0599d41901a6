//! The settings of a quarantined generation: what a restore asks for and what a describe shows, in
//! the same words. One row for each, so that a setting cannot be asked for and forgotten in the comparison.

use aws_sdk_rds::types::DbInstance;

use crate::config;

use super::Settings;

struct Row {
    key: &'static str,
    /// What the configuration asks for; none when it leaves the choice to RDS.
    wanted: fn(&config::Aws) -> Option<String>,
    found: fn(&DbInstance) -> String,
}

const ROWS: [Row; 15] = [
    Row { key: "class", wanted: |aws| Some(aws.class.clone()), found: |db| text(db.db_instance_class()) },
    Row { key: "storage type", wanted: |aws| aws.storage_type.clone(), found: |db| text(db.storage_type()) },
    Row {
        key: "subnet group",
        wanted: |aws| Some(aws.subnet_group.to_lowercase()),
        found: |db| text(db.db_subnet_group().and_then(|group| group.db_subnet_group_name())).to_lowercase(),
    },
    Row {
        key: "parameter group",
        wanted: |aws| Some(aws.parameter_group.to_lowercase()),
        found: |db| {
            list(db.db_parameter_groups().iter().map(|group| text(group.db_parameter_group_name()).to_lowercase()))
        },
    },
    Row {
        key: "security groups",
        wanted: |aws| Some(list(aws.quarantine_security_groups.iter().cloned())),
        found: security_groups,
    },
    Row { key: "publicly accessible", wanted: |_| no(), found: |db| yes_no(db.publicly_accessible()) },
    Row {
        key: "backup retention",
        wanted: |_| Some("0 days".into()),
        found: |db| db.backup_retention_period().map_or_else(unknown, |days| format!("{days} days")),
    },
    Row {
        key: "IAM authentication",
        wanted: |aws| Some(on_off(Some(aws.iam_authentication))),
        found: |db| on_off(db.iam_database_authentication_enabled()),
    },
    Row {
        key: "log exports",
        wanted: |_| none(),
        found: |db| list(db.enabled_cloudwatch_logs_exports().iter().cloned()),
    },
    Row { key: "multi-AZ", wanted: |_| no(), found: |db| yes_no(db.multi_az()) },
    Row { key: "deletion protection", wanted: |_| off(), found: |db| on_off(db.deletion_protection()) },
    Row { key: "copy tags to snapshots", wanted: |_| no(), found: |db| yes_no(db.copy_tags_to_snapshot()) },
    Row { key: "minor upgrades", wanted: |_| off(), found: |db| on_off(db.auto_minor_version_upgrade()) },
    Row {
        key: "associated roles",
        wanted: |_| none(),
        found: |db| list(db.associated_roles().iter().map(|role| text(role.role_arn()))),
    },
    // A restore cannot ask for it; it keeps the text of statements, so it must not be on before the scrub.
    Row {
        key: "performance insights",
        wanted: |_| off(),
        found: |db| on_off(Some(db.performance_insights_enabled().unwrap_or(false))),
    },
];

/// What a restore asks for.
pub(super) fn quarantine(aws: &config::Aws) -> Settings {
    ROWS.iter().filter_map(|row| Some((row.key, (row.wanted)(aws)?))).collect()
}

/// What differs once developers are let in.
pub(super) fn opened(aws: &config::Aws) -> Settings {
    Settings::from([("security groups", list(aws.developer_security_groups.iter().cloned()))])
}

/// What an instance has, under the keys of [`quarantine`].
pub(super) fn found(aws: &config::Aws, instance: &DbInstance) -> Settings {
    let asked = |row: &&Row| (row.wanted)(aws).is_some();
    ROWS.iter().filter(asked).map(|row| (row.key, (row.found)(instance))).collect()
}

/// A group that is still being added or removed is shown as such: until then the old rules hold.
fn security_groups(db: &DbInstance) -> String {
    list(db.vpc_security_groups().iter().map(|group| match (text(group.vpc_security_group_id()), group.status()) {
        (id, None | Some("active")) => id,
        (id, Some(status)) => format!("{id} ({status})"),
    }))
}

/// Sorted, since the API promises no order.
fn list(items: impl Iterator<Item = String>) -> String {
    let mut items: Vec<String> = items.collect();
    items.sort();
    if items.is_empty() { "none".into() } else { items.join(", ") }
}

fn text(value: Option<&str>) -> String {
    value.map_or_else(unknown, str::to_owned)
}

/// For a fact that the answer leaves out: it equals nothing that is asked for.
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
    fn a_group_that_is_not_in_force_yet_equals_nothing_that_is_asked_for() {
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

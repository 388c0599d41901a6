//! The platform on which generations run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::cursor::Cursor;
use super::names;
use crate::config::aws_partition::partition;
use crate::config::aws_storage::storage_type;
use crate::config::raw;
use crate::config::resolved::{Aws, Local, PlatformConfig};

/// Checks the platform. The check of the record sets the hosted zone, which the file has under `record`.
pub fn platform(raw: raw::Platform, at: Cursor<'_>, base: &Path) -> PlatformConfig {
    match raw {
        raw::Platform::Aws(raw) => PlatformConfig::Aws(Box::new(aws(raw, at.key("aws")))),
        raw::Platform::Local(raw) => PlatformConfig::Local(local(raw, at.key("local"), base)),
    }
}

fn aws(raw: raw::Aws, at: Cursor<'_>) -> Aws {
    aws_account(&raw, at);
    aws_names(&raw, at);
    storage(&raw, at);
    security_groups(&raw, at);
    tags(&raw.tags, at.key("tags"));
    Aws {
        account: raw.account,
        region: raw.region,
        role: raw.role,
        class: raw.class,
        storage_type: raw.storage_type,
        storage: raw.storage,
        subnet_group: raw.subnet_group.to_lowercase(),
        parameter_group: raw.parameter_group.to_lowercase(),
        quarantine_security_groups: raw.quarantine_security_groups,
        developer_security_groups: raw.developer_security_groups,
        iam_authentication: raw.iam_authentication,
        tags: raw.tags,
        zone: String::new(),
    }
}

fn aws_account(raw: &raw::Aws, at: Cursor<'_>) {
    let account = at.key("account");
    account.require(
        names::is_account(&raw.account),
        format!("{} is not an AWS account", account.quoted()),
        "write its 12 digits in quotes; `aws sts get-caller-identity` prints them",
    );
    let region = at.key("region");
    region.require(
        names::is_region(&raw.region),
        format!("{} is not a region", region.quoted()),
        "write it like `ap-northeast-2`",
    );
    let Some(arn) = &raw.role else { return };
    let role = at.key("role");
    let expected = partition(&raw.region);
    match names::owner_of_role(arn) {
        None => role.report(
            format!("{} is not the ARN of a role", role.quoted()),
            "write it like `arn:aws:iam::123456789012:role/devdb`",
        ),
        Some((partition, _)) if partition != expected && names::is_region(&raw.region) => role.report(
            format!("the role is in the partition `{partition}`, but `{}` is in `{expected}`", raw.region),
            format!("write `arn:{expected}:iam::{}:role/…`, or correct `region`", raw.account),
        ),
        Some((_, account)) if account != raw.account && names::is_account(&raw.account) => {
            role.report("the role belongs to another account than `account`", "use a role of that account");
        }
        Some(_) => {}
    }
}

fn aws_names(raw: &raw::Aws, at: Cursor<'_>) {
    let class = at.key("class");
    class.require(
        raw.class.starts_with("db."),
        format!("{} is not an instance class", class.quoted()),
        "write it like `db.t4g.medium`",
    );
    let groups = [
        ("subnet_group", names::is_subnet_group(&raw.subnet_group)),
        ("parameter_group", names::is_parameter_group(&raw.parameter_group)),
    ];
    for (key, is_valid) in groups {
        let at = at.key(key);
        at.require(
            is_valid,
            format!("{} is not a valid name", at.quoted()),
            "write the name that the AWS console shows; wildcards are not allowed",
        );
    }
}

fn storage(raw: &raw::Aws, at: Cursor<'_>) {
    let kind = at.key("storage_type");
    let Some(storage_type) = storage_type(raw.storage_type.as_deref()) else {
        return match raw.storage_type.as_deref() {
            Some("io1" | "io2") => kind.report(
                format!("{} needs provisioned IOPS, which devdb does not set", kind.quoted()),
                "write `gp3`: a development database needs no provisioned IOPS",
            ),
            _ => kind.report(format!("{} is not a storage type", kind.quoted()), "write `gp3`, `gp2` or `standard`"),
        };
    };
    let sizes = storage_type.sizes;
    if let Some(gib) = raw.storage.filter(|gib| !sizes.contains(gib)) {
        at.key("storage").report(
            format!("{} storage cannot have {gib} GiB", storage_type.name),
            format!("write {} to {}, or remove it to use the snapshot's", sizes.start(), sizes.end()),
        );
    }
}

fn security_groups(raw: &raw::Aws, at: Cursor<'_>) {
    let lists = [
        ("quarantine_security_groups", &raw.quarantine_security_groups),
        ("developer_security_groups", &raw.developer_security_groups),
    ];
    for (key, groups) in lists {
        for (index, group) in groups.iter().enumerate() {
            let at = at.key(key).item(index);
            at.require(
                names::is_id(group, "sg-"),
                format!("{} is not the id of a security group", at.quoted()),
                "write the id, such as `sg-0123456789abcdef0`, not the name",
            );
        }
    }
    let [quarantine, developer] = lists.map(|(_, groups)| groups.iter().collect::<BTreeSet<_>>());
    at.key("quarantine_security_groups").require(
        developer.is_empty() || !developer.is_subset(&quarantine),
        "the quarantine groups include all developer groups, so developers could connect before publication",
        "use a separate group that admits only the machine devdb runs on: an unpublished generation holds production's \
         data",
    );
}

/// At most 40 tags are allowed: the limit of RDS is 50, which includes those that devdb adds.
fn tags(raw: &BTreeMap<String, String>, at: Cursor<'_>) {
    at.require(
        raw.len() <= 40,
        format!("there are {} tags", raw.len()),
        "keep at most 40: the limit of RDS is 50, and devdb adds its own",
    );
    for (key, value) in raw {
        let at = at.key(key);
        let lower = key.to_lowercase();
        if let Some(reserved) = ["devdb:", "aws:", "rds:"].into_iter().find(|reserved| lower.starts_with(reserved)) {
            at.report_key(
                format!("tags that begin with `{reserved}` are reserved"),
                "choose another key: devdb identifies its generations by `devdb:` tags, and AWS refuses `aws:` and \
                 `rds:` tags",
            );
        } else if key.is_empty() || !names::is_tag_text(key, 128) {
            at.report_key(
                format!("`{key}` is not a valid tag key"),
                "use 1 to 128 letters, digits, spaces and `_.:/=+-@`",
            );
        }
        let lower = value.to_lowercase();
        at.require(
            names::is_tag_text(value, 256) && !["aws:", "rds:"].iter().any(|prefix| lower.starts_with(prefix)),
            format!("{} is not a valid tag value", at.quoted()),
            "use at most 256 letters, digits, spaces and `_.:/=+-@`, and do not begin with `aws:` or `rds:`",
        );
    }
}

/// Server settings that isolate a clone or name its files, which devdb sets itself. `shared_preload_libraries` is not among them:
/// some databases do not work without a library.
pub const RESERVED_PARAMETERS: [&str; 28] = [
    "archive_command",
    "archive_library",
    "archive_mode",
    "config_file",
    "data_directory",
    "external_pid_file",
    "hba_file",
    "ident_file",
    "listen_addresses",
    "local_preload_libraries",
    "log_destination",
    "log_error_verbosity",
    "log_min_duration_statement",
    "log_min_error_statement",
    "log_statement",
    "logging_collector",
    "max_logical_replication_workers",
    "password_encryption",
    "port",
    "primary_conninfo",
    "primary_slot_name",
    "recovery_init_sync_method",
    "restore_command",
    "session_preload_libraries",
    "ssl",
    "synchronous_standby_names",
    "track_counts",
    "unix_socket_directories",
];

fn local(raw: raw::Local, at: Cursor<'_>, base: &Path) -> Local {
    let master = at.key("master_user");
    master.require(
        names::is_database_object(&raw.master_user) && !names::is_system_role(&raw.master_user),
        format!("{} cannot be the master user", master.quoted()),
        "write the name of a role of the snapshot that may create databases and roles, such as `postgres`",
    );
    for name in raw.parameters.keys() {
        let is_setting = name.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
            && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.'));
        if !is_setting {
            at.key("parameters").key(name).report_key(
                format!("`{name}` is not a server setting"),
                "write its name in lower case, such as `shared_buffers`",
            );
        } else if RESERVED_PARAMETERS.contains(&name.as_str()) {
            at.key("parameters").key(name).report_key(
                format!("devdb sets `{name}` itself"),
                "remove it: a clone must reach nothing and be reached by nobody else",
            );
        }
    }
    Local { root: at.key("root").path(base, &raw.root), master_user: raw.master_user, parameters: raw.parameters }
}

#[cfg(test)]
mod tests {
    use crate::config::testing::*;

    #[test]
    fn invalid_aws_settings_are_reported() {
        assert_faults(AWS, "aws");
    }

    #[test]
    fn invalid_local_settings_are_reported() {
        assert_faults(LOCAL, "local");
    }
}

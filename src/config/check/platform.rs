//! The platform on which generations run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::cursor::Cursor;
use super::names;
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
    security_groups(&raw, at);
    tags(&raw.tags, at.key("tags"));
    Aws {
        account: raw.account,
        region: raw.region,
        role: raw.role,
        class: raw.class,
        storage_type: raw.storage_type,
        subnet_group: raw.subnet_group,
        parameter_group: raw.parameter_group,
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
    match names::account_of_role(arn) {
        None => role.report(
            format!("{} is not the ARN of a role", role.quoted()),
            "write it like `arn:aws:iam::123456789012:role/devdb`",
        ),
        Some(account) if account != raw.account && names::is_account(&raw.account) => {
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
    for (key, value) in [
        ("storage_type", raw.storage_type.as_deref().unwrap_or("gp3")),
        ("subnet_group", &raw.subnet_group),
        ("parameter_group", &raw.parameter_group),
    ] {
        let at = at.key(key);
        at.require(
            !value.is_empty() && !value.contains(char::is_whitespace),
            format!("{} is not a valid name", at.quoted()),
            "write the name that the AWS console shows",
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
        if let Some(reserved) = ["devdb:", "aws:"].into_iter().find(|reserved| lower.starts_with(reserved)) {
            at.report_key(
                format!("tags that begin with `{reserved}` are reserved"),
                "choose another key: devdb identifies its generations by `devdb:` tags, and AWS refuses `aws:` tags",
            );
        } else if key.is_empty() || !names::is_tag_text(key, 128) {
            at.report_key(
                format!("`{key}` is not a valid tag key"),
                "use 1 to 128 letters, digits, spaces and `_.:/=+-@`",
            );
        }
        at.require(
            names::is_tag_text(value, 256),
            format!("{} is not a valid tag value", at.quoted()),
            "use at most 256 letters, digits, spaces and `_.:/=+-@`",
        );
    }
}

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

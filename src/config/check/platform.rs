//! Where generations live and how they are reached.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::config::raw;
use crate::config::resolved::{Aws, Connect, Local, PlatformConfig};

use super::names;
use super::place::Place;

/// Checks the platform. The hosted zone belongs to it and is written with the record: see [`super::generation::record`].
pub fn platform(written: raw::Platform, at: Place<'_>, base: &Path) -> PlatformConfig {
    match written {
        raw::Platform::Aws(written) => PlatformConfig::Aws(Box::new(aws(written, at.at("aws")))),
        raw::Platform::Local(written) => PlatformConfig::Local(local(written, at.at("local"), base)),
    }
}

fn aws(written: raw::Aws, at: Place<'_>) -> Aws {
    let account = at.at("account");
    account.require(
        names::is_account(&written.account),
        format!("{} is not an AWS account", account.shown()),
        "write its 12 digits in quotes; `aws sts get-caller-identity` shows them",
    );
    let region = at.at("region");
    region.require(
        names::is_region(&written.region),
        format!("{} is not a region", region.shown()),
        "write it like `ap-northeast-2`",
    );
    if let Some(arn) = &written.role {
        let at = at.at("role");
        match names::account_of_role(arn) {
            None => at.complain(
                format!("{} is not the ARN of a role", at.shown()),
                "write it like `arn:aws:iam::123456789012:role/devdb`",
            ),
            Some(account) if account != written.account && names::is_account(&written.account) => {
                at.complain(
                    "the role is in another account than `account`",
                    "use a role of the account that everything lives in",
                );
            }
            Some(_) => {}
        }
    }
    let class = at.at("class");
    class.require(
        written.class.starts_with("db."),
        format!("{} is not an instance class", class.shown()),
        "write it like `db.t4g.medium`",
    );
    for (key, value) in [
        ("storage_type", written.storage_type.as_deref().unwrap_or("gp3")),
        ("subnet_group", &written.subnet_group),
        ("parameter_group", &written.parameter_group),
    ] {
        let at = at.at(key);
        at.require(
            !value.is_empty() && !value.contains(char::is_whitespace),
            format!("{} is not a name", at.shown()),
            "write the name that the AWS console shows",
        );
    }
    security_groups(&written, at);
    tags(&written.tags, at.at("tags"));
    Aws {
        account: written.account,
        region: written.region,
        role: written.role,
        class: written.class,
        storage_type: written.storage_type,
        subnet_group: written.subnet_group,
        parameter_group: written.parameter_group,
        quarantine_security_groups: written.quarantine_security_groups,
        developer_security_groups: written.developer_security_groups,
        iam_authentication: written.iam_authentication,
        tags: written.tags,
        zone: String::new(),
    }
}

fn security_groups(written: &raw::Aws, at: Place<'_>) {
    let lists = [
        ("quarantine_security_groups", &written.quarantine_security_groups),
        ("developer_security_groups", &written.developer_security_groups),
    ];
    for (key, groups) in lists {
        for (index, group) in groups.iter().enumerate() {
            let at = at.at(key).item(index);
            at.require(
                names::is_id(group, "sg-"),
                format!("{} is not a security group's id", at.shown()),
                "write the id, like `sg-0123456789abcdef0`, not the name",
            );
        }
    }
    let [quarantine, developer] = lists.map(|(_, groups)| groups.iter().collect::<BTreeSet<_>>());
    at.at("quarantine_security_groups").require(
        developer.is_empty() || !developer.is_subset(&quarantine),
        "the quarantine lets in everybody whom the developer groups let in",
        "use a group of its own that lets in only the machine devdb runs on: until it is published, a generation holds production's data",
    );
}

/// Tags: at most 40, because RDS takes 50 and devdb's own are some of them.
fn tags(written: &BTreeMap<String, String>, at: Place<'_>) {
    at.require(written.len() <= 40, "there are more than 40 tags", "RDS takes 50 and devdb needs some of them");
    for (key, value) in written {
        let at = at.at(key);
        let lower = key.to_lowercase();
        if let Some(owner) = ["devdb:", "aws:"].into_iter().find(|owner| lower.starts_with(owner)) {
            at.complain_of_key(
                format!("tags beginning with `{owner}` are not yours to set"),
                "choose another key: devdb knows its generations by theirs, AWS refuses its own",
            );
        } else if key.is_empty() || !names::is_tag_text(key, 128) {
            at.complain_of_key(
                format!("`{key}` cannot be a tag"),
                "write 1 to 128 letters, digits, spaces and `_.:/=+-@`",
            );
        }
        at.require(
            names::is_tag_text(value, 256),
            format!("{} cannot be a tag's value", at.shown()),
            "write at most 256 letters, digits, spaces and `_.:/=+-@`",
        );
    }
}

fn local(written: raw::Local, at: Place<'_>, base: &Path) -> Local {
    let master = at.at("master_user");
    master.require(
        names::is_database_object(&written.master_user) && !names::is_system_role(&written.master_user),
        format!("{} cannot be the master user", master.shown()),
        "write the name of a role in the snapshot that may create databases and roles, such as `postgres`",
    );
    for name in written.parameters.keys() {
        let is_setting = name.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
            && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.'));
        if !is_setting {
            at.at("parameters").at(name).complain_of_key(
                format!("`{name}` is not a server setting"),
                "write its name in lower case, like `shared_buffers`",
            );
        }
    }
    Local {
        root: at.at("root").path(base, &written.root),
        master_user: written.master_user,
        parameters: written.parameters,
    }
}

/// Checks how an instance is reached.
pub fn connect(written: raw::Connect, platform: &PlatformConfig, at: Place<'_>) -> Connect {
    if let (PlatformConfig::Local(_), raw::Connect::Ssm { .. } | raw::Connect::Command(_)) = (platform, &written) {
        at.complain_of_key("`local` is always reached directly", "remove `connect`: the clusters run on this machine");
    }
    way(written, at)
}

/// Checks how a server is reached.
pub fn way(written: raw::Connect, at: Place<'_>) -> Connect {
    match written {
        raw::Connect::Direct => Connect::Direct,
        raw::Connect::Ssm { instance } => {
            let at = at.at("ssm").at("instance");
            at.require(
                names::is_id(&instance, "i-") || names::is_id(&instance, "mi-"),
                format!("{} is not an EC2 instance's id", at.shown()),
                "write the id, like `i-0123456789abcdef0`, of an instance that the SSM agent runs on",
            );
            Connect::Ssm { instance }
        }
        raw::Connect::Command(argv) => {
            let at = at.at("command");
            for word in ["{host}", "{local_port}"] {
                at.require(
                    argv.iter().any(|argument| argument.contains(word)),
                    format!("the command has no `{word}`"),
                    "a generation has another host each night, and the local port is chosen by devdb: \
                     write something like `[ssh, -N, -L, \"{local_port}:{host}:{port}\", bastion]`",
                );
            }
            Connect::Command(argv)
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::testing::*;

    #[test]
    fn what_aws_cannot_mean_is_named() {
        assert_faults(
            AWS,
            r#"
            "123456789012" => "12345678901"
                6:18 `12345678901` is not an AWS account
                write its 12 digits in quotes; `aws sts get-caller-identity` shows them
            "123456789012" => 012345678901
                6:18 `targets.app-dev.platform.aws.account` is a number, not text
                write it in quotes: "012345678901"
            ap-northeast-2 => ap_northeast_2
                7:17 `ap_northeast_2` is not a region
                write it like `ap-northeast-2`
            class: => role: devdb\n        class:
                8:15 `devdb` is not the ARN of a role
                write it like `arn:aws:iam::123456789012:role/devdb`
            class: => role: arn:aws:iam::999999999999:role/devdb\n        class:
                8:15 the role is in another account than `account`
                use a role of the account that everything lives in
            db.t4g.medium => t4g.medium
                8:16 `t4g.medium` is not an instance class
                write it like `db.t4g.medium`
            parameter_group: app-dev-pg16 => parameter_group: "app dev"
                10:26 `app dev` is not a name
                write the name that the AWS console shows
            [sg-0123456789abcdef0] => [default, sg-1]
                11:38 `default` is not a security group's id
                write the id, like `sg-0123456789abcdef0`, not the name
                11:47 `sg-1` is not a security group's id
                write the id, like `sg-0123456789abcdef0`, not the name
            [sg-0123456789abcdef0] => []
                11:9 `targets.app-dev.platform.aws.quarantine_security_groups` is an empty list
                give it at least one item
            [sg-0fedcba9876543210] => [sg-0123456789abcdef0]
                11:9 the quarantine lets in everybody whom the developer groups let in
                use a group of its own that lets in only the machine devdb runs on: until it is published, a generation holds production's data
            class: => tags: { "devdb:phase": live, AWS:x: y, "a*": b, c: "*" }\n        class:
                8:17 tags beginning with `devdb:` are not yours to set
                choose another key: devdb knows its generations by theirs, AWS refuses its own
                8:38 tags beginning with `aws:` are not yours to set
                choose another key: devdb knows its generations by theirs, AWS refuses its own
                8:48 `a*` cannot be a tag
                write 1 to 128 letters, digits, spaces and `_.:/=+-@`
                8:60 `*` cannot be a tag's value
                write at most 256 letters, digits, spaces and `_.:/=+-@`
            "#,
        );
    }

    #[test]
    fn what_local_cannot_mean_is_named() {
        assert_faults(
            LOCAL,
            r#"
            root: ./devdb => root: ""
                4:32 the path is empty
                write a path, relative to this file
            root: ./devdb => root: ./devdb, master_user: pg_monitor
                4:54 `pg_monitor` cannot be the master user
                write the name of a role in the snapshot that may create databases and roles, such as `postgres`
            root: ./devdb => root: ./devdb, parameters: { Port: "1" }
                4:55 `Port` is not a server setting
                write its name in lower case, like `shared_buffers`
            record: { => connect: { ssm: { instance: i-0123456789abcdef0 } }\n    record: {
                7:5 `local` is always reached directly
                remove `connect`: the clusters run on this machine
            record: { => ssl_root_cert: ca.pem\n    record: {
                7:5 `ssl_root_cert` has no use on `local`
                remove it: connections stay on this machine
            record: { => record: { zone: Z1,
                7:15 `zone` has no use on `local`
                remove it: the record is a section of pg_service.conf
            "#,
        );
    }

    #[test]
    fn a_way_that_leads_nowhere_is_named() {
        assert_faults(
            AWS,
            r#"
            databases: => connect: { ssm: { instance: bastion } }\n    databases:
                16:33 `bastion` is not an EC2 instance's id
                write the id, like `i-0123456789abcdef0`, of an instance that the SSM agent runs on
            databases: => connect: { command: [ssh, bastion] }\n    databases:
                16:16 the command has no `{host}`
                a generation has another host each night, and the local port is chosen by devdb: write something like `[ssh, -N, -L, "{local_port}:{host}:{port}", bastion]`
                16:16 the command has no `{local_port}`
                a generation has another host each night, and the local port is chosen by devdb: write something like `[ssh, -N, -L, "{local_port}:{host}:{port}", bastion]`
            databases: => connect: { command: [] }\n    databases:
                16:16 `targets.app-dev.connect.command` is an empty list
                give it at least one item
            databases: => connect: tunnel\n    databases:
                16:14 `tunnel` is not a value of `targets.app-dev.connect`
                write `direct` or `ssm: …` or `command: …`, or remove it
            databases: => ssl_root_cert: roots.pem\n    databases:
                16:20 `roots.pem` is not a file
                correct the path; it is relative to this file
            "#,
        );
    }
}

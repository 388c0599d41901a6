//! Databases, roles and where their secrets come from.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::config::interpolate::is_variable;
use crate::config::raw;
use crate::config::resolved::{AllowedRole, Database, EnsuredRole, Password, PlatformConfig};

use super::names;
use super::place::Place;

/// Checks the databases.
pub fn databases(written: Vec<raw::Database>, at: Place<'_>, base: &Path) -> Vec<Database> {
    let mut seen = BTreeSet::new();
    written
        .into_iter()
        .enumerate()
        .map(|(index, database)| {
            let at = at.item(index);
            let name = at.at("name");
            name.require(
                names::is_database_object(&database.name)
                    && !["rdsadmin", "template0", "template1"].contains(&database.name.as_str()),
                format!("{} cannot be a database of yours", name.shown()),
                "write its name, of at most 63 bytes",
            );
            name.require(
                seen.insert(database.name.clone()),
                format!("the database {} is listed twice", name.shown()),
                "remove one of them",
            );
            self::database(database, at, base)
        })
        .collect()
}

fn database(written: raw::Database, at: Place<'_>, base: &Path) -> Database {
    let postproc = written.postproc.map(|path| {
        let at = at.at("postproc");
        let path = at.path(base, &path);
        let help = "make the folder, or correct the path; it is relative to this file";
        at.require(path.is_dir(), format!("{} is not a folder", at.shown()), help);
        path
    });
    for (list, names) in [
        ("variables", written.variables.keys().collect::<Vec<_>>()),
        ("secrets", written.secrets.keys().collect::<Vec<_>>()),
    ] {
        for name in names {
            let at = at.at(list).at(name);
            if !names::is_script_variable(name) {
                at.complain_of_key(
                    format!("`{name}` cannot be a variable of scripts"),
                    "write lower-case letters, digits and `_`, beginning with a letter or `_`",
                );
            }
            if list == "secrets" && written.variables.contains_key(name) {
                at.complain_of_key(
                    format!("`{name}` is a variable and a secret"),
                    "keep one of them; a secret is only for `current_setting`, where no log shows it",
                );
            }
        }
    }
    let secrets = written.secrets.into_iter();
    Database {
        name: written.name,
        postproc,
        variables: written.variables,
        secrets: secrets
            .map(|(name, secret)| {
                let at = at.at("secrets").at(&name);
                (name, password(secret, at))
            })
            .collect(),
    }
}

/// Checks the roles that may log in and those that are made.
pub fn roles(
    written: raw::Roles,
    platform: &PlatformConfig,
    at: Place<'_>,
) -> (BTreeMap<String, AllowedRole>, BTreeMap<String, EnsuredRole>) {
    let (allow, ensure) = (at.at("allow"), at.at("ensure"));
    for (name, at) in written
        .allow
        .keys()
        .map(|name| (name, allow.at(name)))
        .chain(written.ensure.keys().map(|name| (name, ensure.at(name))))
    {
        role_name(name, platform, at);
    }
    for name in written.ensure.keys().filter(|name| written.allow.contains_key(*name)) {
        ensure.at(name).complain_of_key(
            format!("the role `{name}` is under `allow` and under `ensure`"),
            "keep one of them; an ensured role with `login: true` is allowed by itself",
        );
    }
    let allowed = written.allow.into_iter().map(|(name, role)| {
        let at = allow.at(&name);
        if role.password.is_none() {
            lacks_password(&name, platform, at);
        }
        (name, AllowedRole { password: role.password.map(|written| password(written, at.at("password"))) })
    });
    let ensured = written.ensure.into_iter().map(|(name, role)| {
        let at = ensure.at(&name);
        if role.login && role.password.is_none() {
            lacks_password(&name, platform, at);
        }
        for (index, group) in role.member_of.iter().enumerate() {
            let at = at.at("member_of").item(index);
            at.require(
                names::is_database_object(group) && *group != name,
                format!("`{name}` cannot be a member of {}", at.shown()),
                "write the name of another role",
            );
        }
        for (index, grant) in role.grants.iter().enumerate() {
            self::grant(grant, at.at("grants").item(index));
        }
        let password = role.password.map(|written| password(written, at.at("password")));
        (name, EnsuredRole { login: role.login, password, member_of: role.member_of, grants: role.grants })
    });
    (allowed.collect(), ensured.collect())
}

fn role_name(name: &str, platform: &PlatformConfig, at: Place<'_>) {
    if !names::is_database_object(name) || names::is_system_role(name) {
        at.complain_of_key(
            format!("`{name}` cannot be a role of yours"),
            "write the name of a role, of at most 63 bytes; those of PostgreSQL and RDS are left as they are",
        );
    }
    if let PlatformConfig::Local(local) = platform
        && local.master_user == name
    {
        at.complain_of_key(
            format!("`{name}` is the master user"),
            "remove it here: its password is `master_password`, and developers do not get it",
        );
    }
}

/// A role keeps none of production's passwords, so one without a new one cannot log in; unless it
/// logs in with IAM tokens.
fn lacks_password(name: &str, platform: &PlatformConfig, at: Place<'_>) {
    let has_tokens = matches!(platform, PlatformConfig::Aws(aws) if aws.iam_authentication);
    if !has_tokens {
        at.complain_of_key(
            format!("the role `{name}` has no password and could not log in"),
            "add `password: env:NAME`, or on aws set `iam_authentication: true`",
        );
    }
}

/// A grant is what stands between `GRANT` and `TO role`; devdb adds these two.
fn grant(text: &str, at: Place<'_>) {
    let mut words = text.split_whitespace();
    at.require(
        !text.contains(';') && words.next().is_some_and(|first| !first.eq_ignore_ascii_case("grant")),
        format!("{} is not a grant", at.shown()),
        "write what stands between `GRANT` and `TO`, like `SELECT ON ALL TABLES IN SCHEMA app`",
    );
}

/// Checks where a secret comes from.
pub fn password(written: raw::Password, at: Place<'_>) -> Password {
    match written {
        raw::Password::Command(argv) => {
            program(&argv, at.at("command"));
            Password::Command(argv)
        }
        raw::Password::Generate(raw::Generate { store }) => {
            if let Some(argv) = &store {
                program(argv, at.at("generate").at("store"));
            }
            Password::Generate { store }
        }
        raw::Password::Word(word) => match word.strip_prefix("env:") {
            Some(name) => {
                at.require(
                    is_variable(name),
                    format!("{} names no environment variable", at.shown()),
                    "write `env:` and a name of letters, digits and `_`, like `env:APP_PASSWORD`",
                );
                Password::Env(name.to_owned())
            }
            None => {
                // What stands there may be the secret itself: it is not repeated.
                at.require(
                    word == "generate",
                    "this does not say where the secret comes from",
                    "write `env:NAME`, `generate`, `command: […]` or `generate: {store: […]}`; \
                     the secret itself never stands in this file",
                );
                Password::Generate { store: None }
            }
        },
    }
}

fn program(argv: &[String], at: Place<'_>) {
    at.require(
        argv.first().is_some_and(|program| !program.is_empty()),
        "the command has no program",
        "write the program and its arguments as a list; no shell reads it",
    );
}

#[cfg(test)]
mod tests {
    use crate::config::testing::*;

    #[test]
    fn what_databases_cannot_mean_is_named() {
        assert_faults(
            AWS,
            r#"
            name: app\n => name: rdsadmin\n
                17:15 `rdsadmin` cannot be a database of yours
                write its name, of at most 63 bytes
            postproc: postproc-sql => postproc: postprok-sql
                18:19 `postprok-sql` is not a folder
                make the folder, or correct the path; it is relative to this file
            postproc: postproc-sql => postproc: ca.pem\n      - name: app
                18:19 `ca.pem` is not a folder
                make the folder, or correct the path; it is relative to this file
                19:15 the database `app` is listed twice
                remove one of them
            postproc: postproc-sql => variables: { Mail: x, a: b }\n        secrets: { a: env:A, b-c: generate }
                18:22 `Mail` cannot be a variable of scripts
                write lower-case letters, digits and `_`, beginning with a letter or `_`
                19:20 `a` is a variable and a secret
                keep one of them; a secret is only for `current_setting`, where no log shows it
                19:30 `b-c` cannot be a variable of scripts
                write lower-case letters, digits and `_`, beginning with a letter or `_`
            "#,
        );
    }

    #[test]
    fn what_roles_cannot_mean_is_named() {
        assert_faults(
            LOCAL,
            r#"
            record: { => roles: { allow: { app: {} } }\n    record: {
                7:23 the role `app` has no password and could not log in
                add `password: env:NAME`, or on aws set `iam_authentication: true`
            record: { => roles: { ensure: { dev: { login: true } } }\n    record: {
                7:24 the role `dev` has no password and could not log in
                add `password: env:NAME`, or on aws set `iam_authentication: true`
            record: { => roles: { ensure: { postgres: {}, pg_x: {}, "": {} } }\n    record: {
                7:24 `postgres` is the master user
                remove it here: its password is `master_password`, and developers do not get it
                7:38 `pg_x` cannot be a role of yours
                write the name of a role, of at most 63 bytes; those of PostgreSQL and RDS are left as they are
                7:48 `` cannot be a role of yours
                write the name of a role, of at most 63 bytes; those of PostgreSQL and RDS are left as they are
            record: { => roles: { allow: { a: { password: generate } }, ensure: { a: {} } }\n    record: {
                7:62 the role `a` is under `allow` and under `ensure`
                keep one of them; an ensured role with `login: true` is allowed by itself
            record: { => roles: { ensure: { a: { member_of: [a], grants: [GRANT SELECT ON x, "SELECT ON x; DROP TABLE y", ""] } } }\n    record: {
                7:41 `a` cannot be a member of `a`
                write the name of another role
                7:54 `GRANT SELECT ON x` is not a grant
                write what stands between `GRANT` and `TO`, like `SELECT ON ALL TABLES IN SCHEMA app`
                7:73 `SELECT ON x; DROP TABLE y` is not a grant
                write what stands between `GRANT` and `TO`, like `SELECT ON ALL TABLES IN SCHEMA app`
                7:102 empty text is not a grant
                write what stands between `GRANT` and `TO`, like `SELECT ON ALL TABLES IN SCHEMA app`
            "#,
        );
    }

    #[test]
    fn a_secret_in_the_file_is_refused_and_not_shown() {
        assert_faults(
            LOCAL,
            r#"
            record: { => master_password: hunter2\n    record: {
                7:22 this does not say where the secret comes from
                write `env:NAME`, `generate`, `command: […]` or `generate: {store: […]}`; the secret itself never stands in this file
            record: { => master_password: ${SECRET}\n    record: {
                7:22 this does not say where the secret comes from
                write `env:NAME`, `generate`, `command: […]` or `generate: {store: […]}`; the secret itself never stands in this file
            record: { => master_password: env:hunter-2\n    record: {
                7:22 `env:hunter-2` names no environment variable
                write `env:` and a name of letters, digits and `_`, like `env:APP_PASSWORD`
            record: { => master_password: 123456\n    record: {
                7:22 `targets.app-dev.master_password` is a number, not text such as `env:NAME` or `command: …` or `generate: …`
                write text such as `env:NAME` or `command: …` or `generate: …`
            record: { => master_password: { command: [""] }\n    record: {
                7:24 the command has no program
                write the program and its arguments as a list; no shell reads it
            record: { => master_password: { command: vault read }\n    record: {
                7:33 `targets.app-dev.master_password.command` is text, not a list
                write a list: `[…]`, or one line with `- ` for each item
            record: { => master_password: { generate: { store: [] } }\n    record: {
                7:36 `targets.app-dev.master_password.generate.store` is an empty list
                give it at least one item
            record: { => master_password: { value: hunter2 }\n    record: {
                7:24 `value` is not a key of `targets.app-dev.master_password`
                write text such as `env:NAME` or `command: …` or `generate: …`, or remove it
            record: { => master_password: { env: APP }\n    record: {
                7:24 `env` is not a key of `targets.app-dev.master_password`
                write text such as `env:NAME` or `command: …` or `generate: …`, or remove it
            "#,
        );
    }

    #[test]
    fn a_secret_in_the_file_is_drawn_as_stars_wherever_it_stands() {
        for wrong in [
            "master_password: hunter2",
            "master_password: \"${SECRET}\"",
            "master_password: { value: hunter2 }",
            "master_password: [hunter2]",
            "master_pasword: hunter2",
            "master_password: hunter2: x",
            "masterPassword: hunter2",
            "api_token: { a: [hunter2] }",
            "roles: { allow: { a: { passwort: hunter2, x: 1 } } }",
            "roles: { allow: { a: { password: hunter2, x: 1 } } }",
        ] {
            let text = with(LOCAL, "record: {", &format!("{wrong}\n    record: {{"));
            let complaints = complaints(text);
            assert!(!complaints.is_empty(), "{wrong}");
            for drawn in complaints.iter().map(ToString::to_string) {
                assert!(!drawn.contains("hunter2") && !drawn.contains("t0p-s3cret"), "{drawn}");
            }
        }
    }
}

//! Databases, roles and the origins of their secrets.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::cursor::Cursor;
use super::names;
use crate::config::interpolate::is_variable;
use crate::config::raw;
use crate::config::resolved::{AllowedRole, Database, EnsuredRole, Password, PlatformConfig};

/// Checks the databases.
pub fn databases(raw: Vec<raw::Database>, at: Cursor<'_>, base: &Path) -> Vec<Database> {
    let mut names = BTreeSet::new();
    raw.into_iter()
        .enumerate()
        .map(|(index, raw)| {
            let at = at.item(index);
            let name = at.key("name");
            name.require(
                names::is_database_object(&raw.name)
                    && !["rdsadmin", "template0", "template1"].contains(&raw.name.as_str()),
                format!("{} is not a valid database name", name.quoted()),
                "write the name of one of your databases, of at most 63 bytes",
            );
            name.require(
                names.insert(raw.name.clone()),
                format!("the database {} is listed twice", name.quoted()),
                "remove one of them",
            );
            database(raw, at, base)
        })
        .collect()
}

fn database(raw: raw::Database, at: Cursor<'_>, base: &Path) -> Database {
    let postproc = raw.postproc.map(|path| {
        let at = at.key("postproc");
        let path = at.path(base, &path);
        let help = "create the folder, or correct the path; it is relative to this file";
        at.require(path.is_dir(), format!("{} is not a folder", at.quoted()), help);
        path
    });
    for name in raw.variables.keys() {
        script_variable(name, at.key("variables").key(name));
    }
    for name in raw.secrets.keys() {
        let at = at.key("secrets").key(name);
        script_variable(name, at);
        if raw.variables.contains_key(name) {
            at.report_key(
                format!("`{name}` is both a variable and a secret"),
                "keep one of them; a secret is available to `current_setting` only, so that no log shows it",
            );
        }
    }
    let secrets = raw.secrets.into_iter().map(|(name, secret)| {
        let at = at.key("secrets").key(&name);
        (name, password(secret, at))
    });
    Database { name: raw.name, postproc, variables: raw.variables, secrets: secrets.collect() }
}

fn script_variable(name: &str, at: Cursor<'_>) {
    if !names::is_script_variable(name) {
        at.report_key(
            format!("`{name}` is not a valid name for a script variable"),
            "use lower-case letters, digits and `_`, with a letter or `_` first",
        );
    }
}

/// Checks the roles that may log in and those that are created.
pub fn roles(
    raw: raw::Roles,
    platform: &PlatformConfig,
    at: Cursor<'_>,
) -> (BTreeMap<String, AllowedRole>, BTreeMap<String, EnsuredRole>) {
    let (allow, ensure) = (at.key("allow"), at.key("ensure"));
    for name in raw.allow.keys() {
        role_name(name, platform, allow.key(name));
    }
    for name in raw.ensure.keys() {
        role_name(name, platform, ensure.key(name));
        if raw.allow.contains_key(name) {
            ensure.key(name).report_key(
                format!("the role `{name}` is listed under both `allow` and `ensure`"),
                "keep one of them; a role under `ensure` with `login: true` may log in",
            );
        }
    }
    let allowed = raw.allow.into_iter().map(|(name, raw)| {
        let at = allow.key(&name);
        if raw.password.is_none() {
            report_missing_password(&name, platform, at);
        }
        (name, AllowedRole { password: raw.password.map(|raw| password(raw, at.key("password"))) })
    });
    let ensured = raw.ensure.into_iter().map(|(name, raw)| {
        let role = ensured_role(&name, raw, platform, ensure.key(&name));
        (name, role)
    });
    (allowed.collect(), ensured.collect())
}

fn ensured_role(name: &str, raw: raw::EnsuredRole, platform: &PlatformConfig, at: Cursor<'_>) -> EnsuredRole {
    if raw.login && raw.password.is_none() {
        report_missing_password(name, platform, at);
    }
    for (index, group) in raw.member_of.iter().enumerate() {
        let at = at.key("member_of").item(index);
        at.require(
            names::is_database_object(group) && group != name,
            format!("`{name}` cannot be a member of {}", at.quoted()),
            "write the name of another role",
        );
    }
    for (index, text) in raw.grants.iter().enumerate() {
        grant(text, at.key("grants").item(index));
    }
    let password = raw.password.map(|raw| password(raw, at.key("password")));
    EnsuredRole { login: raw.login, password, member_of: raw.member_of, grants: raw.grants }
}

fn role_name(name: &str, platform: &PlatformConfig, at: Cursor<'_>) {
    if !names::is_database_object(name) || names::is_system_role(name) {
        at.report_key(
            format!("`{name}` is not a valid role name"),
            "write the name of one of your roles, of at most 63 bytes; devdb does not change those of PostgreSQL and RDS",
        );
    }
    if let PlatformConfig::Local(local) = platform
        && local.master_user == name
    {
        at.report_key(
            format!("`{name}` is the master user"),
            "remove it here: `master_password` sets its password, and developers do not get it",
        );
    }
}

/// Reports a login role without a new password: it could not log in, because production passwords are removed. With
/// IAM authentication it logs in with tokens.
fn report_missing_password(name: &str, platform: &PlatformConfig, at: Cursor<'_>) {
    let has_tokens = matches!(platform, PlatformConfig::Aws(aws) if aws.iam_authentication);
    if !has_tokens {
        at.report_key(
            format!("the role `{name}` has no password and could not log in"),
            "add `password: env:NAME`; on aws, `iam_authentication: true` is an alternative",
        );
    }
}

/// A grant is the text between `GRANT` and `TO role`; devdb adds these two.
fn grant(text: &str, at: Cursor<'_>) {
    let mut words = text.split_whitespace();
    at.require(
        !text.contains(';') && words.next().is_some_and(|first| !first.eq_ignore_ascii_case("grant")),
        format!("{} is not a valid grant", at.quoted()),
        "write the text between `GRANT` and `TO`, such as `SELECT ON ALL TABLES IN SCHEMA app`",
    );
}

/// Checks the origin of a secret.
pub fn password(raw: raw::Password, at: Cursor<'_>) -> Password {
    match raw {
        raw::Password::Command(argv) => {
            program(&argv, at.key("command"));
            Password::Command(argv)
        }
        raw::Password::Generate(raw::Generate { store }) => {
            if let Some(argv) = &store {
                program(argv, at.key("generate").key("store"));
            }
            Password::Generate { store }
        }
        raw::Password::Word(word) => match word.strip_prefix("env:") {
            Some(name) => {
                at.require(
                    is_variable(name),
                    format!("{} does not name an environment variable", at.quoted()),
                    "write `env:` and a name of letters, digits and `_`, such as `env:APP_PASSWORD`",
                );
                Password::Env(name.to_owned())
            }
            None => {
                // The text may be the secret itself, so the message does not repeat it.
                at.require(
                    word == "generate",
                    "the value is not the origin of a secret",
                    "write `env:NAME`, `generate`, `command: […]` or `generate: {store: […]}`; \
                     never write the secret itself in this file",
                );
                Password::Generate { store: None }
            }
        },
    }
}

fn program(argv: &[String], at: Cursor<'_>) {
    at.require(
        argv.first().is_some_and(|program| !program.is_empty()),
        "the command has no program",
        "write the program and its arguments as a list; no shell is used",
    );
}

#[cfg(test)]
mod tests {
    use crate::config::testing::*;

    #[test]
    fn invalid_databases_are_reported() {
        assert_faults(AWS, "databases");
    }

    #[test]
    fn invalid_roles_are_reported() {
        assert_faults(LOCAL, "roles");
    }

    #[test]
    fn secrets_in_the_file_are_refused_and_not_shown() {
        assert_faults(LOCAL, "secrets");
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

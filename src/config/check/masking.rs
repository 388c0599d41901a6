//! Masking rules and exemptions, and undeclared foreign keys.

use super::context::CheckContext;
use super::cursor::Cursor;
use super::paths::{COLUMN_PATH_HELP, column, columns, table};
use super::{access, names};
use crate::config::column_path::{ColumnPath, TablePath};
use crate::config::mask::RawMask;
use crate::config::raw::{self, RuleSet};
use crate::config::resolved::{Masking, Reference, Survivor};

/// Checks the masking rules and exemptions.
pub fn masking(raw: raw::Masking, references: Vec<Reference>, at: Cursor<'_>, context: &CheckContext<'_>) -> Masking {
    key(&raw.key, at.key("key"));
    let keep = columns(&raw.keep, at.key("keep"));
    for (index, path) in keep.iter().enumerate().filter(|(_, path)| path.is_everything()) {
        at.key("keep").item(index).report(
            format!("`{path}` would keep all columns of all tables"),
            "name the tables or the columns; `keep_types` keeps all columns of a type",
        );
    }
    for (index, database) in raw.databases.iter().enumerate() {
        scrub_database(database, at.key("databases").item(index));
    }
    Masking {
        rules: rules(raw.rules, at.key("rules"), context),
        scripted: columns(&raw.scripted, at.key("scripted")),
        keep,
        keep_types: raw.keep_types,
        survivors: survivors(raw.survivors, at.key("survivors")),
        mail_domains: mail_domains(&raw.mail_domains, at.key("mail_domains")),
        leak_check: raw.leak_check,
        databases: raw.databases,
        jobs: raw.jobs,
        references,
        lock: context.base.join("devdb.lock"),
        key: access::password(raw.key, at.key("key")),
    }
}

fn key(raw: &raw::Password, at: Cursor<'_>) {
    let is_generated = match raw {
        raw::Password::Generate(_) => true,
        raw::Password::Word(word) => word == "generate",
        raw::Password::Command(_) => false,
    };
    at.require(
        !is_generated,
        "the mask key cannot be generated",
        "write `env:NAME` or `{command: […]}`: a new key would change every masked value, and an interrupted run could \
         not be resumed",
    );
}

fn survivors(raw: Vec<raw::Survivor>, at: Cursor<'_>) -> Vec<Survivor> {
    let survivors = raw.into_iter().enumerate().filter_map(|(index, raw)| {
        let at = at.item(index);
        at.key("reason").require(
            !raw.reason.trim().is_empty(),
            "the survivor has no reason",
            "write why the originals are harmless there; every report shows the reason",
        );
        let of = raw.of.map(|path| column(&path, at.key("of")));
        Some(Survivor { column: column(&raw.column, at.key("in"))?, of: of.flatten(), reason: raw.reason })
    });
    survivors.collect()
}

fn mail_domains(raw: &[String], at: Cursor<'_>) -> Vec<String> {
    let domains = raw.iter().enumerate().map(|(index, domain)| {
        let domain = domain.to_lowercase();
        at.item(index).require(
            names::is_dns_name(&domain),
            format!("`{domain}` is not a mail domain"),
            "write it like `dev.example`, without `@`",
        );
        domain
    });
    domains.collect()
}

fn scrub_database(raw: &str, at: Cursor<'_>) {
    let (server, name) = raw.rsplit_once('/').unwrap_or_default();
    let (host, port) = server.rsplit_once(':').unwrap_or_default();
    at.require(
        !host.is_empty() && port.parse::<u16>().is_ok() && !name.is_empty(),
        format!("`{raw}` is not a database"),
        "write `host:port/database`",
    );
}

fn rules(raw: raw::Rules, at: Cursor<'_>, context: &CheckContext<'_>) -> Vec<(ColumnPath, RawMask)> {
    let mut rules: Vec<(ColumnPath, RawMask)> = Vec::new();
    let mut add = |path: ColumnPath, mask: RawMask, at: Cursor<'_>| {
        if let Err(why) = (context.external.validate_mask)(&mask) {
            at.report(why, "`devdb masks` lists all masks with their options");
        }
        if rules.iter().any(|(other, _)| *other == path) {
            at.report_key(format!("{path} has two masks"), "remove one of them");
        }
        rules.push((path, mask));
    };
    for (key, set) in raw.0 {
        let at = at.key(&key);
        match (set, TablePath::parse(&key)) {
            (RuleSet::Table(columns), Some(table)) => {
                for (column, mask) in columns {
                    add(ColumnPath::of(&table, &column), mask, at.key(&column));
                }
            }
            (RuleSet::Columns(mask), _) => match ColumnPath::parse(&key) {
                Ok(path) => add(path, mask, at),
                Err(why) => at.report_key(format!("`{key}` is not a column path: {why}"), COLUMN_PATH_HELP),
            },
            (RuleSet::Table(_), None) => {}
        }
    }
    rules
}

/// Checks the undeclared foreign keys.
pub fn references(raw: Vec<raw::Reference>, at: Cursor<'_>) -> Vec<Reference> {
    raw.into_iter().enumerate().filter_map(|(index, raw)| reference(raw, at.item(index))).collect()
}

fn reference(raw: raw::Reference, at: Cursor<'_>) -> Option<Reference> {
    match (&raw.expression, raw.columns.is_empty()) {
        (Some(_), false) => at.report("the reference has both `columns` and an `expression`", "remove one of them"),
        (None, true) => at.report("the reference has no columns", "add `columns`, or an `expression`"),
        (Some(_), true) => {
            let title = "the expression is one value, but `key` has several columns";
            at.key("key").require(raw.key.len() == 1, title, "write one column");
        }
        (None, false) => {
            at.key("key").require(
                raw.key.len() == raw.columns.len(),
                "`key` and `columns` have different lengths",
                "write one key column for each referencing column, in the same order",
            );
        }
    }
    for (name, sql) in [("expression", &raw.expression), ("where", &raw.condition)] {
        let is_empty = sql.as_ref().is_some_and(|sql| sql.trim().is_empty());
        at.key(name).require(!is_empty, format!("the `{name}` is empty"), "write SQL over the columns of the table");
    }
    let (table, to) = (table(&raw.table, at.key("table")), table(&raw.to, at.key("to")));
    let (expression, condition) = (raw.expression, raw.condition);
    Some(Reference { table: table?, columns: raw.columns, expression, condition, to: to?, key: raw.key })
}

#[cfg(test)]
mod tests {
    use crate::config::mask::{MaskWord, RawMask};
    use crate::config::testing::*;

    const MASKED: &str = r#"version: 1
targets:
  app-dev:
    platform: { local: { root: ./devdb } }
    source: { instance: app-prod }
    generation: { prefix: app-dev- }
    record: { name: app-dev }
    databases: [{ name: app }]
references:
  - { table: app.logs, columns: [user_id], to: app.users, key: [id] }
mask:
  key: env:DEVDB_MASK_KEY
  rules:
    app.users:
      email: email
      "phone no.": { phone: kr }
    "*.*_token": null
    app.logs.payload: { json: { "$.user.email": email } }
  keep: [app.plans.*, "*.id"]
  keep_types: [integer, boolean]
  survivors: [{ in: app.notices.body, of: app.users.name, reason: our own people }]
"#;

    #[test]
    fn rules_name_tables_or_columns() {
        let config = loaded(MASKED).unwrap();
        let masking = &config.targets["app-dev"].masking;
        let rules = &masking.rules;
        let names: Vec<String> = rules.iter().map(|(path, _)| path.to_string()).collect();
        assert_eq!(names, ["*.*_token", "app.logs.payload", "app.users.email", "app.users.\"phone no.\""]);
        assert_eq!(rules[0].1, RawMask::Null);
        assert_eq!(rules[2].1, RawMask::Word(MaskWord::Email));
        assert!(masking.keep[0].matches("app", "plans", "name"));
        assert_eq!(masking.references[0].to.to_string(), "app.users");
        assert_eq!(masking.jobs, 2);
    }

    #[test]
    fn invalid_masking_is_reported() {
        assert_faults(MASKED, "masking");
    }
}

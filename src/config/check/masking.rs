//! What becomes of every column, and foreign keys that are not declared.

use super::place::Place;
use super::{Known, access, names};
use crate::config::column_path::{ColumnPath, TablePath};
use crate::config::mask::WrittenMask;
use crate::config::raw::{self, Password as WrittenPassword, RuleSet};
use crate::config::resolved::{Masking, Reference, Survivor};

/// Checks the masks.
pub fn masking(written: raw::Masking, references: Vec<Reference>, at: Place<'_>, known: &Known<'_>) -> Masking {
    if matches!(&written.key, WrittenPassword::Generate(_))
        || matches!(&written.key, WrittenPassword::Word(word) if word == "generate")
    {
        at.at("key").complain(
            "the key of the masks cannot be generated",
            "write `env:NAME` or `{command: […]}`: with another key every value becomes another one, and what an \
             interrupted run left could not be finished",
        );
    }
    let list = |name: &str, paths: Vec<String>| -> Vec<ColumnPath> {
        let at = at.at(name);
        paths.iter().enumerate().filter_map(|(index, path)| column(path, at.item(index))).collect()
    };
    let keep = list("keep", written.keep);
    for (index, path) in keep.iter().enumerate().filter(|(_, path)| path.is_everything()) {
        at.at("keep").item(index).complain(
            format!("`{path}` would keep every column there is"),
            "name the tables or the columns; whole types are kept by `keep_types`",
        );
    }
    let survivors = written.survivors.into_iter().enumerate().filter_map(|(index, one)| {
        let at = at.at("survivors").item(index);
        at.at("reason").require(
            !one.reason.trim().is_empty(),
            "a survivor without a reason",
            "write why it is no harm there; the reason shows in every report",
        );
        let of = one.of.map(|path| column(&path, at.at("of")));
        Some(Survivor { place: column(&one.place, at.at("in"))?, of: of.flatten(), reason: one.reason })
    });
    let domains = written.mail_domains.iter().enumerate().map(|(index, domain)| {
        let domain = domain.to_lowercase();
        at.at("mail_domains").item(index).require(
            names::is_dns_name(&domain),
            format!("`{domain}` is no mail domain"),
            "write it like `dev.example`, without `@`",
        );
        domain
    });
    for (index, place) in written.databases.iter().enumerate() {
        let (server, name) = place.rsplit_once('/').unwrap_or_default();
        let port =
            server.rsplit_once(':').and_then(|(host, port)| (!host.is_empty()).then(|| port.parse::<u16>().ok())?);
        at.at("databases").item(index).require(
            port.is_some() && !name.is_empty(),
            format!("`{place}` names no database"),
            "write `host:port/database`",
        );
    }
    Masking {
        rules: rules(written.rules, at.at("rules"), known),
        scripted: list("scripted", written.scripted),
        keep,
        keep_types: written.keep_types,
        survivors: survivors.collect(),
        mail_domains: domains.collect(),
        leak_check: written.leak_check,
        databases: written.databases,
        jobs: written.jobs,
        references,
        lock: known.base.join("devdb.lock"),
        key: access::password(written.key, at.at("key")),
    }
}

fn rules(written: raw::Rules, at: Place<'_>, known: &Known<'_>) -> Vec<(ColumnPath, WrittenMask)> {
    let mut rules: Vec<(ColumnPath, WrittenMask)> = Vec::new();
    let mut add = |path: ColumnPath, mask: WrittenMask, at: Place<'_>| {
        if let Err(why) = (known.words.mask)(&mask) {
            at.complain(why, "`devdb masks` lists every mask with its options");
        }
        if rules.iter().any(|(other, _)| *other == path) {
            at.complain_of_key(format!("there are two masks for {path}"), "remove one of them");
        }
        rules.push((path, mask));
    };
    for (key, set) in written.0 {
        let at = at.at(&key);
        match (set, TablePath::read(&key)) {
            (RuleSet::Table(columns), Some(table)) => {
                for (column, mask) in columns {
                    add(ColumnPath::of(&table, &column), mask, at.at(&column));
                }
            }
            (RuleSet::Columns(mask), _) => match ColumnPath::read(&key) {
                Ok(path) => add(path, mask, at),
                Err(why) => at.complain_of_key(format!("`{key}` names no columns: {why}"), HOW),
            },
            (RuleSet::Table(_), None) => {}
        }
    }
    rules
}

const HOW: &str = "write `schema.table.column`, or with `*` for any characters: `\"*.*_token\"`";

fn column(text: &str, at: Place<'_>) -> Option<ColumnPath> {
    match ColumnPath::read(text) {
        Ok(path) => Some(path),
        Err(why) => {
            at.complain(format!("{} names no columns: {why}", at.shown()), HOW);
            None
        }
    }
}

/// Checks the undeclared foreign keys.
pub fn references(written: Vec<raw::Reference>, at: Place<'_>) -> Vec<Reference> {
    let table = |text: &str, at: Place<'_>| {
        let table = TablePath::read(text);
        at.require(table.is_some(), format!("{} is no table", at.shown()), "write `schema.table`");
        table
    };
    let meant = written.into_iter().enumerate().filter_map(|(index, one)| {
        let at = at.item(index);
        match (&one.expression, one.columns.is_empty()) {
            (Some(_), false) => at.complain("a reference has `columns` or an `expression`", "remove one of them"),
            (None, true) => at.complain("the reference has no columns", "add `columns`, or an `expression`"),
            (Some(_), true) => {
                let title = "an expression is one value, and `key` has several columns";
                at.at("key").require(one.key.len() == 1, title, "write one column");
            }
            (None, false) => {
                at.at("key").require(
                    one.key.len() == one.columns.len(),
                    "`key` and `columns` have different lengths",
                    "write one key column for each referring column, in the same order",
                );
            }
        }
        for (name, sql) in [("expression", &one.expression), ("where", &one.condition)] {
            let empty = sql.as_ref().is_some_and(|sql| sql.trim().is_empty());
            at.at(name).require(!empty, format!("the `{name}` is empty"), "write SQL over the table's columns");
        }
        let (from, to) = (table(&one.table, at.at("table")), table(&one.to, at.at("to")));
        let (expression, condition) = (one.expression, one.condition);
        Some(Reference { table: from?, columns: one.columns, expression, condition, to: to?, key: one.key })
    });
    meant.collect()
}

#[cfg(test)]
mod tests {
    use crate::config::mask::{MaskWord, WrittenMask};
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
    fn masks_are_written_by_table_or_by_column() {
        let config = loaded(MASKED).unwrap();
        let masking = &config.targets["app-dev"].masking;
        let rules = &masking.rules;
        let names: Vec<String> = rules.iter().map(|(path, _)| path.to_string()).collect();
        assert_eq!(names, ["*.*_token", "app.logs.payload", "app.users.email", "app.users.\"phone no.\""]);
        assert_eq!(rules[0].1, WrittenMask::Null);
        assert_eq!(rules[2].1, WrittenMask::Word(MaskWord::Email));
        assert!(masking.keep[0].matches("app", "plans", "name"));
        assert_eq!(masking.references[0].to.to_string(), "app.users");
        assert_eq!(masking.jobs, 2);
    }

    #[test]
    fn what_cannot_be_meant_is_named() {
        assert_faults(
            MASKED,
            r#"
            key: env:DEVDB_MASK_KEY => key: generate
                12:8 the key of the masks cannot be generated
                write `env:NAME` or `{command: […]}`: with another key every value becomes another one, and what an interrupted run left could not be finished
            "*.id"] => "*.*"]
                19:23 `*.*` would keep every column there is
                name the tables or the columns; whole types are kept by `keep_types`
            "*.*_token": null => token: null
                17:5 `token` names no columns: a column is written `schema.table.column`, or `table.column` for every schema
                write `schema.table.column`, or with `*` for any characters: `"*.*_token"`
            "*.*_token": null => "app.users.\"phone no.\"": null
                17:5 there are two masks for app.users."phone no."
                remove one of them
            email: email => email: emial
                15:14 `emial` is not a value of `mask.rules.app.users.email`
                did you mean `email`?
            phone: kr => phone: fr
                16:29 `fr` is not a value of `mask.rules.app.users.phone no..phone`
                did you mean `kr`?
            reason: our own people => reason: " "
                21:67 a survivor without a reason
                write why it is no harm there; the reason shows in every report
            key: [id] => key: [id, tenant]
                10:59 `key` and `columns` have different lengths
                write one key column for each referring column, in the same order
            "$.user.email": email => "user": email
                18:5 not a mask in these tests
                `devdb masks` lists every mask with its options
            keep_types: [integer => databases: [app, "h:5432/app"]\n  keep_types: [integer
                20:15 `app` names no database
                write `host:port/database`
            keep_types: [integer => keep_types: [text
                20:16 `text` is not a value of `mask.keep_types[0]`
                write `integer` or `number` or `boolean` or `timestamp` or `date` or `time` or `enum` or `uuid`, or remove it
            "#,
        );
    }
}

//! Which rows a sample takes, and where from and to.

use std::collections::{BTreeMap, BTreeSet};

use super::place::Place;
use super::{Known, access, names, platform};
use crate::config::column_path::TablePath;
use crate::config::raw;
use crate::config::resolved::{AllowedTarget, EdgeChoice, Extent, Password, Sample, SampleLogin, SampleSource};

/// Checks the sample.
pub fn sample(written: raw::Sample, at: Place<'_>, known: &Known<'_>) -> Sample {
    let root = table(&written.root, at.at("root"));
    if let Some(key) = &written.key {
        at.at("key").require(!key.is_empty(), "the key is empty", "write a column of the root table, or remove it");
    }
    if let Some(database) = &written.database {
        let at = at.at("database");
        at.require(names::is_database_object(database), format!("{} is no database", at.shown()), "write its name");
    }
    let edges = written.edges.into_iter().enumerate();
    let targets = written.targets.iter().enumerate();
    Sample {
        key: written.key,
        database: written.database,
        source: written.source.map(|written| source(written, at.at("source"), known)),
        edges: self::edges(edges.map(|(index, edge)| (edge, at.at("edges").item(index)))),
        tables: tables(written.tables, at.at("tables")),
        max_rows: written.max_rows,
        max_bytes: written.max_bytes.and_then(|written| size(&written, at.at("max_bytes"))),
        targets: targets.filter_map(|(index, text)| target(text, at.at("targets").item(index))).collect(),
        image: written.container.image,
        engine: written.container.engine,
        jobs: written.jobs,
        statement_timeout: at.at("statement_timeout").some_length(&written.statement_timeout),
        // A complaint was made; what stands in for it is never used.
        root: root.unwrap_or(TablePath { schema: String::new(), table: String::new() }),
    }
}

fn table(text: &str, at: Place<'_>) -> Option<TablePath> {
    let table = TablePath::read(text);
    at.require(table.is_some(), format!("{} is no table", at.shown()), "write `schema.table`");
    table
}

fn source(written: raw::SampleSource, at: Place<'_>, known: &Known<'_>) -> SampleSource {
    match &written.host {
        Some(host) => {
            at.at("host").require(!host.trim().is_empty(), "the host is empty", "write the instance's endpoint");
        }
        None if written.ssl_root_cert.is_some() => {
            let at = at.at("ssl_root_cert");
            at.complain_of_key("the live generation is reached as the target says", "add `host`, or remove this");
        }
        None => {}
    }
    if written.iam && written.password.is_some() {
        at.at("password").complain_of_key("`password` and `iam` are two ways to log in", "remove one of them");
    }
    if !written.iam && written.password.is_none() {
        at.complain_of_key("the source has no way to log in", "add `password: env:NAME` or `iam: true`");
    }
    let login = match written.password {
        Some(password) => {
            let at = at.at("password");
            let password = access::password(password, at);
            at.require(
                !matches!(password, Password::Generate { .. }),
                "this password cannot be generated",
                "write `env:NAME` or `{command: […]}`",
            );
            SampleLogin::Password(password)
        }
        None => SampleLogin::Iam,
    };
    SampleSource {
        host: written.host,
        port: written.port,
        database: written.database,
        user: written.user,
        login,
        connect: platform::way(written.connect, at.at("connect")),
        ssl_root_cert: written.ssl_root_cert.map(|path| at.at("ssl_root_cert").path(known.base, &path)),
    }
}

fn edges<'a>(written: impl Iterator<Item = (raw::Edge, Place<'a>)>) -> Vec<EdgeChoice> {
    let mut edges: Vec<EdgeChoice> = Vec::new();
    for (edge, at) in written {
        let (from, to) = (table(&edge.table, at.at("table")), edge.to.map(|to| table(&to, at.at("to"))));
        let Some(table) = from else { continue };
        let choice = EdgeChoice { table, columns: edge.columns, to: to.flatten(), rule: edge.rule };
        let same = |other: &EdgeChoice| {
            (&other.table, &other.columns, &other.to) == (&choice.table, &choice.columns, &choice.to)
        };
        at.require(!edges.iter().any(same), "there are two rules for this edge", "remove one of them");
        edges.push(choice);
    }
    edges
}

fn tables(written: BTreeMap<String, Extent>, at: Place<'_>) -> Vec<(TablePath, Extent)> {
    let mut seen = BTreeSet::new();
    let mut tables = Vec::new();
    for (name, extent) in written {
        let at = at.at(&name);
        let Some(table) = TablePath::read(&name) else {
            at.complain_of_key(format!("`{name}` is no table"), "write `schema.table`");
            continue;
        };
        if !seen.insert(table.clone()) {
            at.complain_of_key(format!("{table} is listed twice"), "remove one of them");
        }
        if let Extent::Where(condition) | Extent::Include(condition) = &extent {
            at.require(!condition.trim().is_empty(), "the condition is empty", "write an SQL condition on its columns");
        }
        tables.push((table, extent));
    }
    tables
}

fn size(written: &raw::Size, at: Place<'_>) -> Option<u64> {
    let size = names::size(&written.0);
    let help = "write it like `500MB` or `2GB`";
    at.require(size.is_some_and(|size| size > 0), format!("{} is no number of bytes", at.shown()), help);
    size
}

fn target(text: &str, at: Place<'_>) -> Option<AllowedTarget> {
    let read = || {
        let (place, database) = text.split_once('/')?;
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().ok().filter(|port| *port > 0)?),
            None => (place, 5432),
        };
        let fits = !host.is_empty() && !host.contains(['/', '@', ' ']) && names::is_database_object(database);
        fits.then(|| AllowedTarget { host: host.to_lowercase(), port, database: database.to_owned() })
    };
    let target = read();
    at.require(
        target.is_some(),
        format!("{} is no database", at.shown()),
        "write `HOST/DATABASE` or `HOST:PORT/DATABASE`",
    );
    target
}

#[cfg(test)]
mod tests {
    use crate::config::testing::*;
    use crate::config::{EdgeRule, Extent};

    const SAMPLED: &str = r#"version: 1
targets:
  app-dev:
    platform: { local: { root: ./devdb } }
    source: { instance: app-prod }
    generation: { prefix: app-dev- }
    record: { name: app-dev }
    databases: [{ name: app }]
mask: { key: env:DEVDB_MASK_KEY }
references:
  - { table: app.logs, expression: "payload ->> 'user_id'", to: app.users, key: [id] }
  - { table: app.notes, columns: [about_id], where: "about_type = 'User'", to: app.users, key: [id] }
sample:
  root: app.users
  source: { host: replica.example, user: devdb_sample, password: env:SAMPLE_PASSWORD }
  edges:
    - { table: app.sessions, columns: [user_id], rule: { limit: 10, newest_by: created_at } }
    - { table: app.users, columns: [invited_by], rule: null }
    - { table: app.folders, columns: [parent_id], rule: follow }
  tables:
    app.plans: all
    app.queue: none
    app.logs: { where: "at > now() - interval '30 days'" }
  max_bytes: 2GB
  targets: ["localhost:5433/app_sample"]
"#;

    #[test]
    fn a_sample_is_read() {
        let config = loaded(SAMPLED).unwrap();
        let sample = config.sample.unwrap();
        assert_eq!(sample.root.to_string(), "app.users");
        assert_eq!(sample.edges[0].rule, EdgeRule::Limit { limit: 10, newest_by: "created_at".into() });
        assert_eq!((&sample.edges[1].rule, &sample.edges[2].rule), (&EdgeRule::Null, &EdgeRule::Follow));
        assert_eq!(sample.tables[1].1, Extent::All);
        assert_eq!((sample.max_bytes, sample.jobs, sample.targets[0].port), (Some(2 << 30), 4, 5433));
        assert_eq!(
            config.targets["app-dev"].masking.references[0].expression.as_deref(),
            Some("payload ->> 'user_id'")
        );
        assert_eq!(config.targets["app-dev"].masking.references[1].condition.as_deref(), Some("about_type = 'User'"));
        assert!(loaded(LOCAL).unwrap().sample.is_none());
    }

    #[test]
    fn what_a_sample_cannot_mean_is_named() {
        assert_faults(
            SAMPLED,
            r#"
            root: app.users => root: users
                14:9 `users` is no table
                write `schema.table`
            , password: env:SAMPLE_PASSWORD } => }
                15:3 the source has no way to log in
                add `password: env:NAME` or `iam: true`
            password: env:SAMPLE_PASSWORD => password: env:SAMPLE_PASSWORD, iam: true
                15:56 `password` and `iam` are two ways to log in
                remove one of them
            password: env:SAMPLE_PASSWORD => password: generate
                15:66 this password cannot be generated
                write `env:NAME` or `{command: […]}`
            rule: follow => rule: folow
                19:57 `folow` is not a value of `sample.edges[2].rule`
                did you mean `follow`?
            app.folders, columns: [parent_id] => app.users, columns: [invited_by]
                19:9 there are two rules for this edge
                remove one of them
            app.plans: all => plans: all
                21:5 `plans` is no table
                write `schema.table`
            2GB => 2 gigs
                24:14 `2 gigs` is no number of bytes
                write it like `500MB` or `2GB`
            localhost:5433/app_sample => postgres://u@localhost/x
                25:13 `postgres://u@localhost/x` is no database
                write `HOST/DATABASE` or `HOST:PORT/DATABASE`
            columns: [about_id], => columns: [about_id], expression: about,
                12:7 a reference has `columns` or an `expression`
                remove one of them
            key: [id] } => key: [id, tenant] }
                11:76 an expression is one value, and `key` has several columns
                write one column
            "#,
        );
    }
}

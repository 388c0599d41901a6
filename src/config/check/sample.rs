//! The sample section.

use std::collections::{BTreeMap, BTreeSet};

use super::context::CheckContext;
use super::cursor::Cursor;
use super::paths::table;
use super::{access, connect, names};
use crate::config::column_path::TablePath;
use crate::config::raw;
use crate::config::resolved::{AllowedTarget, EdgeChoice, Extent, Password, Sample, SampleLogin, SampleSource};

/// Checks the sample section.
pub fn sample(raw: raw::Sample, at: Cursor<'_>, context: &CheckContext<'_>) -> Sample {
    let root = table(&raw.root, at.key("root"));
    if let Some(key) = &raw.key {
        at.key("key").require(!key.is_empty(), "the key is empty", "write a column of the root table, or remove it");
    }
    if let Some(database) = &raw.database {
        let at = at.key("database");
        at.require(
            names::is_database_object(database),
            format!("{} is not a valid database name", at.quoted()),
            "write the name of a database",
        );
    }
    let targets = raw.targets.iter().enumerate();
    Sample {
        key: raw.key,
        database: raw.database,
        source: raw.source.map(|raw| source(raw, at.key("source"), context)),
        edges: edges(raw.edges, at.key("edges")),
        tables: tables(raw.tables, at.key("tables")),
        max_rows: raw.max_rows,
        max_bytes: raw.max_bytes.and_then(|raw| max_bytes(&raw, at.key("max_bytes"))),
        targets: targets.filter_map(|(index, text)| allowed_target(text, at.key("targets").item(index))).collect(),
        image: raw.container.image,
        engine: raw.container.engine,
        jobs: raw.jobs,
        statement_timeout: at.key("statement_timeout").nonzero_duration(&raw.statement_timeout),
        // An invalid root was reported, so the placeholder is never used.
        root: root.unwrap_or(TablePath { schema: String::new(), table: String::new() }),
    }
}

fn source(raw: raw::SampleSource, at: Cursor<'_>, context: &CheckContext<'_>) -> SampleSource {
    match &raw.host {
        Some(host) => {
            let is_empty = host.trim().is_empty();
            at.key("host").require(!is_empty, "the host is empty", "write the endpoint of the instance");
        }
        None if raw.ssl_root_cert.is_some() => at.key("ssl_root_cert").report_key(
            "`ssl_root_cert` has no effect without `host`: the live generation uses that of its target",
            "add `host`, or remove `ssl_root_cert`",
        ),
        None => {}
    }
    if raw.iam {
        let user = at.key("user");
        user.require(
            names::is_literal_in_arn(&raw.user),
            format!("{} would have a meaning of its own in an IAM policy", user.quoted()),
            "with `iam: true`, use a role whose name has no `*`, `?` or `$`",
        );
    }
    if raw.iam && raw.password.is_some() {
        at.key("password").report_key("the source has both `password` and `iam`", "remove one of them");
    }
    if !raw.iam && raw.password.is_none() {
        at.report_key("the source has no login method", "add `password: env:NAME` or `iam: true`");
    }
    SampleSource {
        host: raw.host,
        port: raw.port,
        database: raw.database,
        user: raw.user,
        login: raw.password.map_or(SampleLogin::Iam, |raw| login_password(raw, at.key("password"))),
        connect: connect::connect(raw.connect, at.key("connect")),
        ssl_root_cert: raw.ssl_root_cert.map(|path| at.key("ssl_root_cert").path(context.base, &path)),
    }
}

fn login_password(raw: raw::Password, at: Cursor<'_>) -> SampleLogin {
    let password = access::password(raw, at);
    at.require(
        !matches!(password, Password::Generate { .. }),
        "the password of the source cannot be generated",
        "write `env:NAME` or `{command: […]}`",
    );
    SampleLogin::Password(password)
}

fn edges(raw: Vec<raw::Edge>, at: Cursor<'_>) -> Vec<EdgeChoice> {
    let mut edges: Vec<EdgeChoice> = Vec::new();
    for (index, raw) in raw.into_iter().enumerate() {
        let at = at.item(index);
        let (from, to) = (table(&raw.table, at.key("table")), raw.to.map(|to| table(&to, at.key("to"))));
        let Some(table) = from else { continue };
        let choice = EdgeChoice { table, columns: raw.columns, to: to.flatten(), rule: raw.rule };
        let is_same = |other: &EdgeChoice| {
            (&other.table, &other.columns, &other.to) == (&choice.table, &choice.columns, &choice.to)
        };
        at.require(!edges.iter().any(is_same), "the edge has two rules", "remove one of them");
        edges.push(choice);
    }
    edges
}

fn tables(raw: BTreeMap<String, Extent>, at: Cursor<'_>) -> Vec<(TablePath, Extent)> {
    let mut seen = BTreeSet::new();
    let mut tables = Vec::new();
    for (name, extent) in raw {
        let at = at.key(&name);
        let Some(table) = TablePath::parse(&name) else {
            at.report_key(format!("`{name}` is not a table path"), "write `schema.table`");
            continue;
        };
        if !seen.insert(table.clone()) {
            at.report_key(format!("{table} is listed twice"), "remove one of them");
        }
        if let Extent::Where(condition) | Extent::Include(condition) = &extent {
            let help = "write an SQL condition over the columns of the table";
            at.require(!condition.trim().is_empty(), "the condition is empty", help);
        }
        tables.push((table, extent));
    }
    tables
}

fn max_bytes(raw: &raw::ByteSize, at: Cursor<'_>) -> Option<u64> {
    let bytes = names::bytes(&raw.0);
    let help = "write it like `500MB` or `2GB`";
    at.require(bytes.is_some_and(|bytes| bytes > 0), format!("{} is not a size", at.quoted()), help);
    bytes
}

fn allowed_target(raw: &str, at: Cursor<'_>) -> Option<AllowedTarget> {
    let target = parse_target(raw);
    at.require(
        target.is_some(),
        format!("{} is not a database", at.quoted()),
        "write `HOST/DATABASE` or `HOST:PORT/DATABASE`",
    );
    target
}

fn parse_target(raw: &str) -> Option<AllowedTarget> {
    let (server, database) = raw.split_once('/')?;
    let (host, port) = match server.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().ok().filter(|port| *port > 0)?),
        None => (server, 5432),
    };
    let is_valid = !host.is_empty() && !host.contains(['/', '@', ' ']) && names::is_database_object(database);
    is_valid.then(|| AllowedTarget { host: host.to_lowercase(), port, database: database.to_owned() })
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
    fn a_sample_is_resolved() {
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
    fn invalid_samples_are_reported() {
        assert_faults(SAMPLED, "sample");
    }
}

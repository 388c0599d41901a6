//! `devdb.lock` of real databases: rendering, parsing, and the drift after a migration.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;

use devdb::mask::lock::{Lock, drift, parse, render};
use devdb::pg::Session;
use devdb::pg::catalog::{columns, foreign_keys, tables};

use crate::on_every_version;
use crate::support::cluster::{Cluster, Version};

on_every_version!(a_migration_shows_as_drift);

async fn lock(session: &Session) -> Lock {
    let (columns, tables) = (columns(session).await.unwrap(), tables(session).await.unwrap());
    Lock::of(&columns, &tables, &foreign_keys(session).await.unwrap())
}

#[expect(clippy::too_many_lines, reason = "one scenario in several states of a schema")]
async fn a_migration_shows_as_drift(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let session = cluster.with_master().await;
    session
        .run(
            "CREATE TYPE plan AS ENUM ('free', 'gold'); CREATE DOMAIN mail AS varchar(80) NOT NULL; \
             CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email mail, plan plan, plans plan[], \
                 low text GENERATED ALWAYS AS (lower(email::text)) STORED, price numeric(12,2)); \
             CREATE TABLE \"we.ird: \"\"q\"\"\" (\"a b\" text); \
             CREATE TABLE log (id int, by bigint REFERENCES users, at date) PARTITION BY RANGE (at); \
             CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM ('2026-01-01') TO ('2026-02-01'); \
             CREATE SCHEMA devdb_meta; CREATE TABLE devdb_meta.own (x text)",
        )
        .await
        .unwrap();
    let before = lock(&session).await;
    let file = render(&BTreeMap::from([("app".to_owned(), before.clone())]));
    let expected = r#"# The accepted schemas of these databases. Commit this file; `devdb coverage --accept` rewrites it.
version: 1
databases:
  app:
    tables:
      public.log:
        at: date
        by: int8
        id: int4
      public.users:
        email: public.mail not null
        id: int8 not null identity
        low: text generated
        plan: public.plan
        plans: public.plan[]
        price: numeric(12,2)
      "public.\"we.ird: \"\"q\"\"\"":
        "a b": text
    enums:
      public.plan:
        - free
        - gold
    references:
      - public.log (by) -> public.users (id)
"#;
    assert_eq!(file, expected);
    assert_eq!(parse(&file).unwrap()["app"], before);
    assert_eq!(drift(&before, &lock(&session).await), []);
    session
        .run(
            "ALTER TYPE plan ADD VALUE 'vip' BEFORE 'gold'; ALTER TABLE users ADD nickname varchar(80), DROP price, ALTER plan SET NOT NULL; \
             CREATE TABLE log_2 PARTITION OF log FOR VALUES FROM ('2026-02-01') TO ('2026-03-01'); \
             ALTER TABLE log ALTER id TYPE text; ALTER TABLE log DROP CONSTRAINT log_by_fkey; \
             CREATE TABLE leads (of bigint REFERENCES users)",
        )
        .await
        .unwrap();
    let found: Vec<String> = drift(&before, &lock(&session).await).iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "table public.leads (1 column) is new since devdb.lock",
            "column public.log.id changed from int4 to text",
            "column public.users.nickname (varchar(80)) is new since devdb.lock",
            "column public.users.plan changed from public.plan to public.plan not null",
            "label 'vip' of enum public.plan is new since devdb.lock",
            "foreign key public.leads (of) -> public.users (id) is new since devdb.lock",
            "column public.users.price no longer exists",
            "foreign key public.log (by) -> public.users (id) no longer exists",
        ]
    );
}

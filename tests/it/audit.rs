//! The audit of a database: planted values are detected and counted, and nothing else.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;

use devdb::config::TablePath;
use devdb::discover::DiscoverError;
use devdb::discover::audit::{Exemptions, audit};
use devdb::discover::detect::{Domains, Kind};

use crate::on_every_version;
use crate::support::cluster::{Cluster, Version};

on_every_version!(planted_values_are_counted);

async fn planted_values_are_counted(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let session = cluster.with_master().await;
    session
        .run(
            "CREATE TYPE pair AS (name text, mail text); CREATE DOMAIN mail AS text; CREATE SCHEMA devdb_meta; \
             CREATE TABLE devdb_meta.own (x text); INSERT INTO devdb_meta.own VALUES ('kim@naver.com'); \
             CREATE TABLE t (id bigint, at timestamptz, u uuid, b bytea, note text, doc jsonb, list mail[], who pair, ip inet, phone text); \
             INSERT INTO t SELECT i, now(), gen_random_uuid(), decode(md5(i::text), 'hex'), 'order HN-2026-' || i || E'\\tat 12:34:56\\n', \
                 '{\"sha\": \"d41d8cd98f00b204e9800998ecf8427e\", \"price\": 12900}', '{a,b}', ROW('x', 'u1@example.com')::pair, '203.0.113.7', \
                 '010-1234-' || lpad(i::text, 4, '0') FROM generate_series(1, 2000) AS i; \
             INSERT INTO t (note) VALUES (E'call\\n010-9876-5432\\tor kim@naver.com, lee@daum.net'), ('나의 번호는０１０－９８７６－５４３２입니다'); \
             INSERT INTO t (doc) VALUES ('{\"a\": [{\"b\": \"line\\n010-9876-5432 \\\"kim@naver.com\\\"\"}]}'); \
             INSERT INTO t (list) VALUES ('{x,\"y \\\"kim@naver.com\\\"\"}'); INSERT INTO t (who) VALUES (ROW('a, \"b\"', 'kim@naver.com')); \
             INSERT INTO t (ip) VALUES ('121.160.12.7'), ('121.160.12.7/32'), ('10.0.0.1'); \
             CREATE MATERIALIZED VIEW \"the view\" AS SELECT note FROM t WHERE note LIKE '%kim%'; \
             CREATE TABLE log (at date, x text) PARTITION BY RANGE (at); \
             CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM ('2026-01-01') TO ('2026-02-01'); \
             INSERT INTO log VALUES ('2026-01-02', 'ghp_0123456789abcdefghijABCDEFGHIJ012345')",
        )
        .await
        .unwrap();
    let table = TablePath { schema: "public".into(), table: "t".into() };
    let exemptions = Exemptions {
        domains: Domains::harmless([]),
        columns: BTreeMap::from([((table, "phone".to_owned()), [Kind::Phone].into())]),
    };
    let found = audit(&session, &exemptions).await.unwrap();
    let shown: Vec<String> =
        found.iter().map(|one| format!("{}.{} {} {}/{}", one.table, one.column, one.kind, one.rows, one.of)).collect();
    assert_eq!(
        shown,
        [
            "log_1.x key or password hash 1/1",
            "t.note e-mail address 1/2008",
            "t.note telephone number 2/2008",
            "t.doc e-mail address 1/2008",
            "t.doc telephone number 1/2008",
            "t.list e-mail address 1/2008",
            "t.who e-mail address 1/2008",
            "t.ip public IP address 2/2008",
            "the view.note e-mail address 1/1",
            "the view.note telephone number 1/1",
        ]
    );
    let harmless = Exemptions { domains: Domains::harmless(["naver.com", "daum.net"]), ..exemptions };
    let found = audit(&session, &harmless).await.unwrap();
    assert!(found.iter().all(|one| one.kind != Kind::Email), "{found:?}");
    session.run("CREATE ROLE reader LOGIN PASSWORD 'r'").await.unwrap();
    let reader = cluster.login("reader", "r", "app").await.unwrap();
    assert!(matches!(audit(&reader, &harmless).await, Err(DiscoverError::Denied { .. })));
}

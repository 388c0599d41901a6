//! The catalog reader: tables and foreign keys.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use devdb::pg::catalog::{Form, foreign_keys, tables};

use crate::on_14_to_18;
use crate::support::cluster::{Cluster, Version};

on_14_to_18!(foreign_keys_have_their_columns_in_order, tables_have_their_parents_and_partition_root);

async fn foreign_keys_have_their_columns_in_order(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let session = cluster.with_master().await;
    session
        .run(
            "CREATE SCHEMA \"o.t\"; CREATE SCHEMA devdb_meta; \
             CREATE TABLE \"o.t\".\"To\" (a int, b int, c int, UNIQUE (b, a), PRIMARY KEY (c)); \
             CREATE TABLE points (x int, y int, z int, \
                 CONSTRAINT same FOREIGN KEY (y, x) REFERENCES \"o.t\".\"To\" (a, b) MATCH FULL DEFERRABLE, \
                 CONSTRAINT other FOREIGN KEY (z) REFERENCES \"o.t\".\"To\"); \
             CREATE TABLE again (x int, CONSTRAINT same FOREIGN KEY (x) REFERENCES \"o.t\".\"To\"); \
             ALTER TABLE again ADD CONSTRAINT unchecked FOREIGN KEY (x) REFERENCES \"o.t\".\"To\" NOT VALID; \
             CREATE TABLE log (id int, at date, of int REFERENCES \"o.t\".\"To\", PRIMARY KEY (id, at)) PARTITION BY RANGE (at); \
             CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM ('2026-01-01') TO ('2026-02-01'); \
             CREATE TABLE line (id int, at date, FOREIGN KEY (id, at) REFERENCES log); \
             CREATE TABLE devdb_meta.own (x int REFERENCES \"o.t\".\"To\")",
        )
        .await
        .unwrap();
    let found = foreign_keys(&session).await.unwrap();
    let shown: Vec<String> = found
        .iter()
        .map(|key| {
            let (from, to) = (key.columns.join(","), key.to_columns.join(","));
            format!("{}.{} {} ({from}) > {}.{} ({to})", key.schema, key.table, key.name, key.to_schema, key.to_table)
        })
        .collect();
    assert_eq!(
        shown,
        [
            "public.again same (x) > o.t.To (c)",
            "public.again unchecked (x) > o.t.To (c)",
            "public.line line_id_at_fkey (id,at) > public.log (id,at)",
            "public.log log_of_fkey (of) > o.t.To (c)",
            "public.points other (z) > o.t.To (c)",
            "public.points same (y,x) > o.t.To (a,b)",
        ]
    );
    let same = found.last().unwrap();
    assert!(same.full && same.deferrable && same.validated);
    assert!(!found[1].validated && !found[1].full && !found[1].deferrable);
}

async fn tables_have_their_parents_and_partition_root(version: Version) {
    let cluster = Cluster::start(&version, &[]).await;
    let session = cluster.with_master().await;
    session
        .run(
            "CREATE TABLE log (id int, at date, PRIMARY KEY (at, id)) PARTITION BY RANGE (at); \
             CREATE TABLE log_26 PARTITION OF log FOR VALUES FROM ('2026-01-01') TO ('2027-01-01') PARTITION BY LIST (id); \
             CREATE TABLE log_26_1 PARTITION OF log_26 FOR VALUES IN (1); \
             CREATE TABLE a (x int); CREATE TABLE b (y int); CREATE TABLE c () INHERITS (b, a); \
             INSERT INTO a SELECT generate_series(1, 1000); ANALYZE a; \
             CREATE TEMPORARY TABLE passing (x int)",
        )
        .await
        .unwrap();
    let found = tables(&session).await.unwrap();
    let names: Vec<String> = found.iter().map(devdb::pg::catalog::Table::path).collect();
    assert_eq!(names, ["public.a", "public.b", "public.c", "public.log", "public.log_26", "public.log_26_1"]);
    let public = |name: &str| ("public".to_owned(), name.to_owned());
    assert_eq!((found[0].rows, found[1].rows), (Some(1000), None));
    assert!(found[0].bytes >= 32_768 && found[1].bytes == 0);
    assert_eq!(found[2].parents, [public("b"), public("a")]);
    assert_eq!((found[3].form, &found[3].root), (Form::Partitioned, &None));
    assert_eq!(found[3].primary_key, ["at", "id"]);
    assert_eq!((found[4].form, &found[4].root), (Form::Partitioned, &Some(public("log"))));
    assert_eq!((found[5].form, &found[5].root), (Form::Ordinary, &Some(public("log"))));
    assert_eq!(found[5].parents, [public("log_26")]);
}

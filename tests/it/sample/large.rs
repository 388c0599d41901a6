//! Many tables, and many keys that are close together or scattered.

use super::scene::{READER, Scene, config, counts, rows, select_from, source};
use crate::on_every_version;
use crate::support::cluster::{Cluster, Version, version};

on_every_version!(range_scans_copy_only_selected_rows);

async fn range_scans_copy_only_selected_rows(version: Version) {
    let scene = Scene::new(
        &version,
        "CREATE TABLE users (id smallint PRIMARY KEY); \
         CREATE TABLE near (id smallint PRIMARY KEY, of smallint REFERENCES users); \
         CREATE TABLE far (id bigint PRIMARY KEY, of smallint REFERENCES users); \
         CREATE TABLE lines (of smallint REFERENCES users, doc int, line smallint, note text, PRIMARY KEY (doc, line)); \
         CREATE TABLE parts (id int, at date, of smallint REFERENCES users, PRIMARY KEY (id, at)) PARTITION BY RANGE (at); \
         CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2026-01-01') TO ('2026-02-01'); \
         CREATE TABLE parts_2 PARTITION OF parts DEFAULT; \
         CREATE INDEX ON near (of); CREATE INDEX ON far (of); CREATE INDEX ON lines (of); CREATE INDEX ON parts (of)",
        "INSERT INTO users SELECT generate_series(-3, 3); \
         INSERT INTO near SELECT i, i % 4 FROM generate_series(-32000, 32000) i; \
         INSERT INTO far SELECT i * 100000::bigint, i % 4 FROM generate_series(-1000, 1000) i; \
         INSERT INTO lines SELECT (i + n) % 4, i, n, 'note' FROM generate_series(-3000, 3000) i, generate_series(1, 3) n; \
         INSERT INTO parts SELECT i, date '2026-01-01' + abs(i) % 60, i % 4 FROM generate_series(-3000, 3000) i",
    )
    .await;
    let found = scene.sample(&config("", "root: public.users"), &rows("public.users", "1,-2")).await;
    let mine = |sql: &str| format!("SELECT count(*) FROM {sql} WHERE of IN (1, -2)");
    let source = scene.cluster.superuser("app").await;
    for table in ["near", "far", "lines", "parts"] {
        let expected: i64 = source.query_one(&mine(table), &[]).await.unwrap().get(0);
        let copied = scene.cluster.superuser("copied").await.query_one(&mine(table), &[]).await.unwrap();
        assert_eq!((found[&format!("public.{table}")].len(), copied.get(0)), (expected as usize, expected), "{table}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_tables() {
    let cluster = Cluster::start(&version(15), &["max_locks_per_transaction = 512"]).await;
    for sql in [READER, "GRANT pg_read_all_data TO reader", "CREATE DATABASE app"] {
        cluster.sql("postgres", sql).await;
    }
    let make = "DO $$ BEGIN FOR i IN 1..1000 LOOP \
                EXECUTE format('CREATE TABLE t%s (id int PRIMARY KEY, up int REFERENCES t%s)', i, greatest(i - 1, 1)); \
                EXECUTE format('CREATE INDEX ON t%s (up)', i); \
                EXECUTE format('INSERT INTO t%s VALUES (1, 1), (2, 1), (3, 3)', i); END LOOP; END $$";
    cluster.sql("app", make).await;
    let from = source(cluster.port(), "reader", "r").await;
    let seeds = rows("public.t1", "1");
    let plan = select_from(&from, &config("", "root: public.t1"), &seeds).await.unwrap().plan();
    // A thousand rounds downward, one table in each.
    assert_eq!((plan.tables.len(), plan.rows(), counts(&plan)["public.t1000"]), (1000, 1999, 2));
}

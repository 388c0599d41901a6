//! The second half of a schema by several sessions: what comes out is what one session makes.

use super::*;
use crate::on_every_version;

on_every_version!(many_sessions_make_the_same_as_one, a_broken_key_ends_all_sessions);

const BESIDE: &str = include_str!("beside.sql");
const MANY: LoadOptions = LoadOptions { jobs: 8, replace: true };

async fn belonging(version: &Version, settings: &[&str]) -> Cluster {
    let source = Cluster::start(version, settings).await;
    source.sql("postgres", "CREATE DATABASE app").await;
    source.sql("app", BESIDE).await;
    source
}

async fn many_sessions_make_the_same_as_one(version: Version) {
    let source = belonging(&version, &[]).await;
    let other = Cluster::unrelated(&version, &[]).await;
    let copy = target(&other, "postgres", "", "copy");
    let whole = Whole::of(&source, "app").await;
    let (expected, schema) = (picture(&source.superuser("app").await).await, whole.schema().await);
    for jobs in [1, 8, 8, 8, 8] {
        load(&whole, &copy, LoadOptions { jobs, replace: true }).await.unwrap();
        // Comments on constraints, statistics and marks on indexes are in the dump, not in the picture.
        let made = Whole::of(&other, "copy").await.schema().await;
        assert_eq!(made.pre_data_text(), schema.pre_data_text());
        assert_eq!(made.post_data_text(), schema.post_data_text(), "{jobs} sessions");
        assert_eq!(picture(&other.superuser("copy").await).await, expected, "{jobs} sessions");
    }
    let session = other.superuser("copy").await;
    let unknown = "SELECT string_agg(oid::regclass::text, ' ') FROM pg_class WHERE relkind IN ('r', 'p', 'm') \
                   AND relpersistence <> 't' AND NOT relisshared AND relnamespace::regnamespace::text <> 'information_schema' \
                   AND reltuples < 0";
    assert_eq!(session.query_one(unknown, &[]).await.unwrap().get::<_, Option<String>>(0), None, "no statistics");
    assert_eq!(databases(&other).await, ["copy", "postgres"]);
    assert!(!other.log().contains("deadlock"), "{}", other.log());
}

async fn a_broken_key_ends_all_sessions(version: Version) {
    let source = belonging(&version, &[]).await;
    source.sql("app", "SET session_replication_role = replica; DELETE FROM app.teams WHERE id = 7").await;
    // Another session is at work for minutes when the broken key is found.
    source
        .sql(
            "app",
            "CREATE FUNCTION app.slow(integer) RETURNS integer IMMUTABLE LANGUAGE plpgsql AS \
             'BEGIN IF current_database() <> ''app'' THEN PERFORM pg_sleep(300); END IF; RETURN $1; END'; \
             CREATE TABLE app.lone (id integer); INSERT INTO app.lone VALUES (1)",
        )
        .await;
    let other = Cluster::unrelated(&version, &[]).await;
    other.sql("postgres", "CREATE DATABASE mine").await;
    other.sql("mine", "CREATE TABLE precious (id integer PRIMARY KEY); INSERT INTO precious VALUES (1)").await;
    let before = picture(&other.superuser("mine").await).await;
    let whole = Whole::of(&source, "app").await;
    let mut schema = whole.schema().await;
    // Where it stands beside the keys.
    let key = schema.post_data.iter().position(|sql| sql.contains(" FOREIGN KEY ")).unwrap();
    schema.post_data.insert(key, "CREATE INDEX lone_slow ON app.lone USING btree (app.slow(id))".into());
    let guard = whole.guard(other.address()).await;
    let (mine, heard) = (target(&other, "postgres", "", "mine"), Heard::default());
    for _ in 0..3 {
        let load = load::load(&whole, &schema, &mine, &guard, MANY, &heard, std::future::pending());
        let ended = tokio::time::timeout(Duration::from_secs(60), load).await.unwrap();
        let Err(Error::Statement { statement, error, .. }) = ended else { panic!("{ended:?}") };
        assert_eq!(error.sqlstate(), Some("23503"), "{error}");
        assert!(
            [
                "ALTER TABLE ONLY app.teams…",
                "ALTER TABLE ONLY app.users…",
                "ALTER TABLE ONLY \"od.d \"\"one\"\"\".\"t USING z\"…"
            ]
            .contains(&statement.as_str()),
            "{statement}"
        );
        assert_eq!(picture(&other.superuser("mine").await).await, before);
        assert_eq!(databases(&other).await, ["mine", "postgres"]);
        let ours = "SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE '%client%' AND pid <> pg_backend_pid() AND datname <> 'postgres'";
        let row = other.superuser("postgres").await.query_one(ours, &[]).await.unwrap();
        assert_eq!(row.get::<_, i64>(0), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_server_has_no_room_for_at_once_is_done_alone() {
    // Partitions that all have to be locked at once, and a server with room for the locks of one such statement.
    let source = Cluster::start(&version(15), &["max_locks_per_transaction = 256"]).await;
    source.sql("postgres", "CREATE DATABASE app").await;
    let make = "DO $$ BEGIN \
                FOR t IN 1..8 LOOP \
                EXECUTE format('CREATE TABLE t%s (id integer, up integer) PARTITION BY LIST (id)', t); \
                EXECUTE format('CREATE TABLE u%s (id integer PRIMARY KEY)', t); \
                EXECUTE format('INSERT INTO u%s VALUES (1)', t); \
                FOR i IN 1..150 LOOP \
                EXECUTE format('CREATE TABLE t%s_%s PARTITION OF t%s FOR VALUES IN (%s)', t, i, t, i); END LOOP; \
                EXECUTE format('ALTER TABLE t%s ADD CONSTRAINT k FOREIGN KEY (up) REFERENCES u%s', t, t); \
                END LOOP; END $$";
    source.sql("app", make).await;
    let small =
        ["max_locks_per_transaction = 10", "max_connections = 20", "max_wal_senders = 0", "max_worker_processes = 2"];
    let other = Cluster::unrelated(&version(15), &small).await;
    let whole = Whole::of(&source, "app").await;
    load(&whole, &target(&other, "postgres", "", "copy"), MANY).await.unwrap();
    let keys = "SELECT count(*) FILTER (WHERE convalidated) FROM pg_constraint WHERE contype = 'f'";
    let row = other.superuser("copy").await.query_one(keys, &[]).await.unwrap();
    assert_eq!(row.get::<_, i64>(0), 8 * 151);
    assert!(other.log().contains("out of shared memory"), "there was room: this tests nothing");
}
